/** Commands whose code is a Python script of the checkout. */
@NullMarked
package dev.stepstile.cli.python;

import org.jspecify.annotations.NullMarked;
