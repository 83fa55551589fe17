/** The bundle that is deployed: the four functions, each in a package of its own, and what they run on. */
@NullMarked
package dev.stepstile.functions;

import org.jspecify.annotations.NullMarked;
