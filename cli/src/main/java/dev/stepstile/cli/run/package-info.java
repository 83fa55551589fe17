/** Runs the rows of a file as the steps of a run. */
@NullMarked
package dev.stepstile.cli.run;

import org.jspecify.annotations.NullMarked;
