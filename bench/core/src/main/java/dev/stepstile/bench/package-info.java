/** Benchmarks of the protocol on one machine. */
@NullMarked
package dev.stepstile.bench;

import org.jspecify.annotations.NullMarked;
