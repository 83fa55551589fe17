/** The ports in memory, and what stands before each of their calls. */
@NullMarked
package dev.stepstile.simulation.ports;

import org.jspecify.annotations.NullMarked;
