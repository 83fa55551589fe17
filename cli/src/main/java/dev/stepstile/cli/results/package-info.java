/** Writes the results of a run's steps into files. */
@NullMarked
package dev.stepstile.cli.results;

import org.jspecify.annotations.NullMarked;
