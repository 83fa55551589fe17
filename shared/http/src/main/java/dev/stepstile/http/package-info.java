/** The HTTP API: calls, answers and problems; independent of what receives the call. */
@NullMarked
package dev.stepstile.http;

import org.jspecify.annotations.NullMarked;
