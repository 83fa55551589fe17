/** The sweeper function: reclaims, sends again, buries. */
@NullMarked
package dev.stepstile.functions.sweeper;

import org.jspecify.annotations.NullMarked;
