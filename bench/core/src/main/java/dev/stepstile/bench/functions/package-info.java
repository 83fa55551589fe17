/** Measures how the functions start: the built artifact, under AWS's Runtime Interface Emulator. */
@NullMarked
package dev.stepstile.bench.functions;

import org.jspecify.annotations.NullMarked;
