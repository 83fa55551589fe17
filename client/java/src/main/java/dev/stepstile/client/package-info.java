/** The client of Stepstile's HTTP API. */
@NullMarked
package dev.stepstile.client;

import org.jspecify.annotations.NullMarked;
