/** The use cases: dispatch, execute, sweep, cancel, redrive, dead-letter, and the queries of a run. */
@NullMarked
package dev.stepstile.usecase;

import org.jspecify.annotations.NullMarked;
