/** The functions on one machine: event source mapping, schedule and HTTP API, over an embedded stack or emulators. */
@NullMarked
package dev.stepstile.local;

import org.jspecify.annotations.NullMarked;
