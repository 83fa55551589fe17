/** Counts what steps consume of AWS: the production adapters and use cases, on virtual time, over simulated services. */
@NullMarked
package dev.stepstile.bench.cost;

import org.jspecify.annotations.NullMarked;
