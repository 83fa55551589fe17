/** The guarantees, each a check that is held against every effect. */
@NullMarked
package dev.stepstile.simulation.audit;

import org.jspecify.annotations.NullMarked;
