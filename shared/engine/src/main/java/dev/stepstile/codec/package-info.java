/** JSON: messages, manifests, records and the HTTP API. */
@NullMarked
package dev.stepstile.codec;

import org.jspecify.annotations.NullMarked;
