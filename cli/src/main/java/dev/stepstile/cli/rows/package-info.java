/** Reads the rows of a file as steps. */
@NullMarked
package dev.stepstile.cli.rows;

import org.jspecify.annotations.NullMarked;
