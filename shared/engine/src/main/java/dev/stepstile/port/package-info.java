/** The ports: the step store, the queue, the payload store and the dead letters, and what passes through them. */
@NullMarked
package dev.stepstile.port;

import org.jspecify.annotations.NullMarked;
