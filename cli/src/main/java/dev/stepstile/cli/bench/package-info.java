/** {@code ./stepstile bench}. */
@NullMarked
package dev.stepstile.cli.bench;

import org.jspecify.annotations.NullMarked;
