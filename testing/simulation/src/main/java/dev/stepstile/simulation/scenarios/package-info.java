/** What is asked of a simulated system, by name. */
@NullMarked
package dev.stepstile.simulation.scenarios;

import org.jspecify.annotations.NullMarked;
