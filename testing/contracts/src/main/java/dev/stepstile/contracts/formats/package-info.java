/** Fixtures of what released versions stored and sent, and the values that they hold. */
@NullMarked
package dev.stepstile.contracts.formats;

import org.jspecify.annotations.NullMarked;
