/** The user's Java handlers, in processes of their own. */
@NullMarked
package dev.stepstile.local.handlers;

import org.jspecify.annotations.NullMarked;
