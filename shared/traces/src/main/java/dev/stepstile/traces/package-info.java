/** Sends spans of dispatches and attempts to a collector, or to a file. */
@NullMarked
package dev.stepstile.traces;

import org.jspecify.annotations.NullMarked;
