/** The dispatch function: accepts steps. */
@NullMarked
package dev.stepstile.functions.dispatch;

import org.jspecify.annotations.NullMarked;
