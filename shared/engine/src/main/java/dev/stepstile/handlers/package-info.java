/** Handlers that every worker has: to try things with. */
@NullMarked
package dev.stepstile.handlers;

import org.jspecify.annotations.NullMarked;
