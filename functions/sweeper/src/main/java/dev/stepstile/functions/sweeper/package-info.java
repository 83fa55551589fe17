/** The sweeper function: reclaims, sends again, dead-letters. */
@NullMarked
package dev.stepstile.functions.sweeper;

import org.jspecify.annotations.NullMarked;
