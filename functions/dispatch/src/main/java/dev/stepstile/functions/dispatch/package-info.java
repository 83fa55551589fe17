/** The dispatch function: takes over steps. */
@NullMarked
package dev.stepstile.functions.dispatch;

import org.jspecify.annotations.NullMarked;
