/** Function environments that are processes of their own. */
@NullMarked
package dev.stepstile.local.isolated;

import org.jspecify.annotations.NullMarked;
