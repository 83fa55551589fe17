/** JSON: messages, manifests, records and the HTTP API. */
@NullMarked
package dev.stepstile.wire;

import org.jspecify.annotations.NullMarked;
