/** What the tests of several modules share. */
@NullMarked
package dev.stepstile.testing;

import org.jspecify.annotations.NullMarked;
