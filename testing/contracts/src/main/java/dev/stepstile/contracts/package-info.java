/** The ports' contracts: suites that every implementation runs. */
@NullMarked
package dev.stepstile.contracts;

import org.jspecify.annotations.NullMarked;
