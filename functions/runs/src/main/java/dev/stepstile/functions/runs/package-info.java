/** The runs function: status, steps, feed, lookup, cancel, redrive, dead letters. */
@NullMarked
package dev.stepstile.functions.runs;

import org.jspecify.annotations.NullMarked;
