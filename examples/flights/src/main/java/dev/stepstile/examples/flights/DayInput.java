package dev.stepstile.examples.flights;

import org.jspecify.annotations.Nullable;

/**
 * The input of {@code flights.day}.
 *
 * @param day a day of 2013 in ISO form, such as {@code 2013-01-05}
 */
public record DayInput(@Nullable String day) {}
