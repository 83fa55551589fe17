/** A year of departures from New York: one step for each day, a closing step for the report, and a check of both. */
@NullMarked
package dev.stepstile.examples.flights;

import org.jspecify.annotations.NullMarked;
