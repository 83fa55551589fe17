/** What a stack has counted and measured, as Prometheus reads it. */
@NullMarked
package dev.stepstile.local.metrics;

import org.jspecify.annotations.NullMarked;
