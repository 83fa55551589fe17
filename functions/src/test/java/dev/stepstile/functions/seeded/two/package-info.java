/** Classes that break rules, so that the rules are seen to notice. */
@NullMarked
package dev.stepstile.functions.seeded.two;

import org.jspecify.annotations.NullMarked;
