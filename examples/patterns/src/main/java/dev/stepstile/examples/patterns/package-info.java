/** The three usual ways to put steps together, as programs that use the client. */
@NullMarked
package dev.stepstile.examples.patterns;

import org.jspecify.annotations.NullMarked;
