@NullMarked
package dev.stepstile.examples.patterns;

import org.jspecify.annotations.NullMarked;
