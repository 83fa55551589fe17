/** The command line. */
@NullMarked
package dev.stepstile.cli;

import org.jspecify.annotations.NullMarked;
