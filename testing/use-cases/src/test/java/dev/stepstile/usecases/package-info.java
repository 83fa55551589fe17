/** The tests of the use cases, which hand over null where a caller may. */
@NullUnmarked
package dev.stepstile.usecases;

import org.jspecify.annotations.NullUnmarked;
