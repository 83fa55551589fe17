/** The use cases: dispatch, execute, sweep, cancel, redrive, dead-letter, and the questions a run is asked. */
@NullMarked
package dev.stepstile.usecase;

import org.jspecify.annotations.NullMarked;
