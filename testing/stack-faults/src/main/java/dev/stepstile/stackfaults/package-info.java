/** Faults of a local stack, on purpose: workers that are killed, messages that arrive twice. */
@NullMarked
package dev.stepstile.stackfaults;

import org.jspecify.annotations.NullMarked;
