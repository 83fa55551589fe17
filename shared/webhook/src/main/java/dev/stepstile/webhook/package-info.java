/** Tells a webhook that a dispatch has ended: signed, and only where the stack's configuration allows it. */
@NullMarked
package dev.stepstile.webhook;

import org.jspecify.annotations.NullMarked;
