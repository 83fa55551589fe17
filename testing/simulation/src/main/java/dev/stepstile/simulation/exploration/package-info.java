/** A scenario again and again, each time with other faults. */
@NullMarked
package dev.stepstile.simulation.exploration;

import org.jspecify.annotations.NullMarked;
