/** The operator's commands: what is going on, and to stop, repeat and repair it. */
@NullMarked
package dev.stepstile.cli.ops;

import org.jspecify.annotations.NullMarked;
