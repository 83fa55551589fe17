/** The model: a step's states, events and transitions, and the items that hold them. Pure; no clock, no I/O. */
@NullMarked
package dev.stepstile.step;

import org.jspecify.annotations.NullMarked;
