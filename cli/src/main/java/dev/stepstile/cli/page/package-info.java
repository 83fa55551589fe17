/** {@code stepstile console}: the web console in front of an API elsewhere. */
@NullMarked
package dev.stepstile.cli.page;

import org.jspecify.annotations.NullMarked;
