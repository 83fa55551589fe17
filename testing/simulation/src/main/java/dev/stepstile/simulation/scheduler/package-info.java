/** Actors, one at a time, on virtual time. */
@NullMarked
package dev.stepstile.simulation.scheduler;

import org.jspecify.annotations.NullMarked;
