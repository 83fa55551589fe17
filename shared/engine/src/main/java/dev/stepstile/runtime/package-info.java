/** The real world: the system clock, virtual threads, timers, and what user code prints. */
@NullMarked
package dev.stepstile.runtime;

import org.jspecify.annotations.NullMarked;
