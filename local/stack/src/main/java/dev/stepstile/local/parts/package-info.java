/** The life of a stack's parts. */
@NullMarked
package dev.stepstile.local.parts;

import org.jspecify.annotations.NullMarked;
