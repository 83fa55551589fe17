/** {@code stepstile init}: a small project that builds, passes its test and runs. */
@NullMarked
package dev.stepstile.cli.init;

import org.jspecify.annotations.NullMarked;
