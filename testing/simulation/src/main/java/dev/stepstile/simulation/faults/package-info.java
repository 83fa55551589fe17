/** What may go wrong at a port call, and what did. */
@NullMarked
package dev.stepstile.simulation.faults;

import org.jspecify.annotations.NullMarked;
