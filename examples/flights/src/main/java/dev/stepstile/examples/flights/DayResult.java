package dev.stepstile.examples.flights;

import java.util.List;

/**
 * What {@code flights.day} finds out; {@link DayTable} is how it is stored.
 *
 * @param day in ISO form
 * @param groups by carrier, then origin; only those that had a flight that day
 */
public record DayResult(String day, List<Group> groups) {
    public DayResult {
        groups = List.copyOf(groups);
    }
}
