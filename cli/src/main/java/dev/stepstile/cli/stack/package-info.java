/** The stacks that the commands start, and their log. */
@NullMarked
package dev.stepstile.cli.stack;

import org.jspecify.annotations.NullMarked;
