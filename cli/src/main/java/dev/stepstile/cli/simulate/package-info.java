/** {@code ./stepstile simulate}. */
@NullMarked
package dev.stepstile.cli.simulate;

import org.jspecify.annotations.NullMarked;
