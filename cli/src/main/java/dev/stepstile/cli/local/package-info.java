/** {@code ./stepstile local}. */
@NullMarked
package dev.stepstile.cli.local;

import org.jspecify.annotations.NullMarked;
