/** {@code ./stepstile demo}. */
@NullMarked
package dev.stepstile.cli.demo;

import org.jspecify.annotations.NullMarked;
