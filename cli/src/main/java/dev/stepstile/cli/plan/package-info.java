/** {@code ./stepstile plan}. */
@NullMarked
package dev.stepstile.cli.plan;

import org.jspecify.annotations.NullMarked;
