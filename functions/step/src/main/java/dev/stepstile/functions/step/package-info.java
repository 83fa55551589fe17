/** The step function: executes messages, each step once in effect. */
@NullMarked
package dev.stepstile.functions.step;

import org.jspecify.annotations.NullMarked;
