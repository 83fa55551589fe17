/** The web console: which files it has, and how a browser is to treat them. */
@NullMarked
package dev.stepstile.local.console;

import org.jspecify.annotations.NullMarked;
