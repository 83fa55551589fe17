/** What the four functions have in common: their execution environment, the HTTP event, logging and metrics. */
@NullMarked
package dev.stepstile.lambda;

import org.jspecify.annotations.NullMarked;
