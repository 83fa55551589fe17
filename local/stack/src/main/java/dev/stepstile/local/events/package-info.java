/** The event source mapping: from the queue to the workers. */
@NullMarked
package dev.stepstile.local.events;

import org.jspecify.annotations.NullMarked;
