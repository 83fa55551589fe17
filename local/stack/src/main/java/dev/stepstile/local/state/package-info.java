/** The state folder of a stack, and its clock. */
@NullMarked
package dev.stepstile.local.state;

import org.jspecify.annotations.NullMarked;
