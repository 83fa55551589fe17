package dev.stepstile.examples.flights;

import java.util.List;

/**
 * What {@code flights.report} returns.
 *
 * @param days how many days it covers; 365 when nothing is missing
 * @param missingDays in ISO form
 * @param html one page that needs nothing else
 * @param totalsCsv a row for each carrier and airport
 * @param daysCsv a row for each day, carrier and airport
 */
public record FlightsReport(
        int days, List<String> missingDays, int flights, int cancelled, String html, String totalsCsv, String daysCsv) {
    public FlightsReport {
        missingDays = List.copyOf(missingDays);
    }
}
