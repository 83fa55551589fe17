package dev.stepstile.examples.flights;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The report's two tables as CSV (RFC 4180 but for the line end, a single line feed): means in minutes with two decimals,
 * percentiles by nearest rank, a cell left empty where no flight has a known delay.
 */
final class FlightsCsv {
    private static final String FIGURES = "carrier,origin,flights,cancelled,"
            + "dep_count,dep_sum,dep_mean,dep_p50,dep_p95,arr_count,arr_sum,arr_mean,arr_p50,arr_p95";

    private FlightsCsv() {}

    /** A row for each carrier and airport, over the year. */
    static String totals(Year year) {
        StringBuilder csv = new StringBuilder(FIGURES).append('\n');
        year.byRoute().forEach((route, tally) -> {
            route(csv, route.carrier(), route.origin(), tally.flights(), tally.cancelled());
            side(csv, tally.departure());
            side(csv, tally.arrival());
            csv.append('\n');
        });
        return csv.toString();
    }

    /** A row for each day, carrier and airport. */
    static String days(Year year) {
        StringBuilder csv = new StringBuilder("day,").append(FIGURES).append('\n');
        for (DayResult day : year.days()) {
            for (Group group : day.groups()) {
                csv.append(day.day()).append(',');
                route(csv, group.carrier(), group.origin(), group.flights(), group.cancelled());
                side(csv, group.departure());
                side(csv, group.arrival());
                csv.append('\n');
            }
        }
        return csv.toString();
    }

    private static void route(StringBuilder csv, String carrier, String origin, int flights, int cancelled) {
        csv.append(carrier)
                .append(',')
                .append(origin)
                .append(',')
                .append(flights)
                .append(',')
                .append(cancelled);
    }

    private static void side(StringBuilder csv, Histogram side) {
        if (side.count() == 0) {
            cells(csv, 0, 0, null, null, null);
        } else {
            cells(csv, side.count(), side.sum(), side.mean(), side.percentile(50), side.percentile(95));
        }
    }

    private static void side(StringBuilder csv, Delays side) {
        cells(csv, side.count(), side.sum(), side.mean(), side.p50(), side.p95());
    }

    private static void cells(
            StringBuilder csv,
            int count,
            long sum,
            @Nullable Double mean,
            @Nullable Integer p50,
            @Nullable Integer p95) {
        csv.append(',').append(count).append(',').append(sum);
        Stream.of(
                        mean == null
                                ? ""
                                : BigDecimal.valueOf(mean)
                                        .setScale(2, RoundingMode.UNNECESSARY)
                                        .toPlainString(),
                        p50 == null ? "" : p50.toString(),
                        p95 == null ? "" : p95.toString())
                .forEach(cell -> csv.append(',').append(cell));
    }
}
