/** What is printed on the terminal. */
@NullMarked
package dev.stepstile.cli.console;

import org.jspecify.annotations.NullMarked;
