/** The test kit: runs handlers in tests, on the engine that runs them on AWS. */
@NullMarked
package dev.stepstile.testkit;

import org.jspecify.annotations.NullMarked;
