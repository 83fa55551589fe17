package dev.stepstile.examples.flights;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares what the steps recorded with {@link FlightsExpected}, exactly. No difference is an empty list; each line of a
 * longer one reads on its own, such as {@code 2013-02-01 EV EWR: mean departure delay 12.5, expected 12.6}.
 */
public final class FlightsCheck {
    private FlightsCheck() {}

    /**
     * Compares the recorded day results, in any order, one for each step that succeeded.
     *
     * @param excludedDays in ISO form: days whose step was meant not to succeed; a result for one is a difference
     */
    public static List<String> differences(List<DayTable> recorded, Set<String> excludedDays) {
        Map<String, List<DayTable>> byDay = new TreeMap<>();
        recorded.forEach(table ->
                byDay.computeIfAbsent(table.day(), unseen -> new ArrayList<>()).add(table));
        List<String> lines = new ArrayList<>();
        Set<String> expectedDays = new TreeSet<>();
        for (DayResult expected : FlightsExpected.singlePass()) {
            expectedDays.add(expected.day());
            List<DayTable> found = byDay.getOrDefault(expected.day(), List.of());
            if (excludedDays.contains(expected.day())) {
                if (!found.isEmpty()) {
                    lines.add(expected.day() + ": has a result, expected none");
                }
            } else if (found.size() != 1) {
                lines.add("%s: %d results, expected 1".formatted(expected.day(), found.size()));
            } else {
                compare(found.getFirst(), expected, lines);
            }
        }
        byDay.keySet().stream()
                .filter(day -> !expectedDays.contains(day))
                .forEach(day -> lines.add(day + ": has a result, but the data have no such day"));
        return lines;
    }

    /**
     * Compares the report's numbers and both its CSV tables; not the page, which is made of the same merged figures.
     *
     * @param excludedDays in ISO form: days that the report should be without, and should say that it is
     */
    public static List<String> reportDifferences(FlightsReport report, Set<String> excludedDays) {
        FlightsExpected pass = FlightsExpected.singlePass(excludedDays);
        List<DayResult> days = pass.days();
        List<Group> totals = pass.totals();
        List<String> lines = new ArrayList<>();
        Differences figures = new Differences("report", lines);
        figures.of("days", report.days(), days.size());
        figures.of("missing days", report.missingDays(), List.copyOf(new TreeSet<>(excludedDays)));
        figures.of(
                "flights",
                report.flights(),
                totals.stream().mapToInt(Group::flights).sum());
        figures.of(
                "cancelled",
                report.cancelled(),
                totals.stream().mapToInt(Group::cancelled).sum());
        compareRows(
                "totals.csv",
                2,
                report.totalsCsv(),
                totals.stream().map(FlightsCheck::csvRow).toList(),
                lines);
        compareRows(
                "days.csv",
                3,
                report.daysCsv(),
                days.stream()
                        .flatMap(day -> day.groups().stream().map(group -> day.day() + "," + csvRow(group)))
                        .toList(),
                lines);
        return lines;
    }

    private record Differences(String subject, List<String> lines) {
        void of(String figure, Object found, Object expected) {
            if (!Objects.equals(found, expected)) {
                lines.add("%s: %s %s, expected %s".formatted(subject, figure, found, expected));
            }
        }
    }

    private static void compare(DayTable found, DayResult expected, List<String> lines) {
        Map<String, Group> groups = new LinkedHashMap<>();
        try {
            for (Group group : found.toDayResult().groups()) {
                if (groups.put(name(group), group) != null) {
                    lines.add("%s %s: is there twice".formatted(found.day(), name(group)));
                }
            }
        } catch (IllegalArgumentException e) {
            lines.add(found.day() + ": " + e.getMessage());
            return;
        }
        for (Group group : expected.groups()) {
            String subject = expected.day() + " " + name(group);
            Group its = groups.remove(name(group));
            if (its == null) {
                lines.add(subject + ": is missing");
            } else if (!its.equals(group)) {
                compare(its, group, new Differences(subject, lines));
            }
        }
        groups.keySet().forEach(extra -> lines.add("%s %s: had no flight".formatted(found.day(), extra)));
    }

    private static void compare(Group found, Group expected, Differences differences) {
        differences.of("flights", found.flights(), expected.flights());
        differences.of("cancelled", found.cancelled(), expected.cancelled());
        compare("departure", found.departure(), expected.departure(), differences);
        compare("arrival", found.arrival(), expected.arrival(), differences);
    }

    private static void compare(String side, Delays found, Delays expected, Differences differences) {
        differences.of("known " + side + " delays", found.count(), expected.count());
        differences.of("sum of " + side + " delays", found.sum(), expected.sum());
        differences.of("mean " + side + " delay", shown(found.mean()), shown(expected.mean()));
        differences.of("median " + side + " delay", shown(found.p50()), shown(expected.p50()));
        differences.of("95th percentile of " + side + " delays", shown(found.p95()), shown(expected.p95()));
        if (!found.sorted().equals(expected.sorted())) {
            differences
                    .lines()
                    .add("%s: list of %s delays is not the expected one".formatted(differences.subject(), side));
        }
    }

    /** Compares tables whose first cells, so many, name a row. */
    private static void compareRows(String table, int keys, String csv, List<String> expected, List<String> lines) {
        List<String> rows = csv.lines().toList();
        String[] columns = rows.getFirst().split(",", -1);
        Map<String, String[]> found = new LinkedHashMap<>();
        for (String row : rows.subList(1, rows.size())) {
            String[] cells = row.split(",", -1);
            if (found.put(key(cells, keys), cells) != null) {
                lines.add("%s %s: is there twice".formatted(table, key(cells, keys)));
            }
        }
        for (String row : expected) {
            String[] cells = row.split(",", -1);
            Differences differences = new Differences(table + " " + key(cells, keys), lines);
            String[] its = found.remove(key(cells, keys));
            if (its == null || its.length != cells.length || its.length != columns.length) {
                differences.of("row", its == null ? "none" : String.join(",", its), row);
                continue;
            }
            for (int cell = keys; cell < cells.length; cell++) {
                differences.of(columns[cell], its[cell], cells[cell]);
            }
        }
        found.keySet().forEach(extra -> lines.add("%s %s: had no flight".formatted(table, extra)));
    }

    private static String key(String[] cells, int keys) {
        return Arrays.stream(cells).limit(keys).collect(Collectors.joining(" "));
    }

    private static String csvRow(Group group) {
        return String.join(
                ",",
                group.carrier(),
                group.origin(),
                Integer.toString(group.flights()),
                Integer.toString(group.cancelled()),
                csvCells(group.departure()),
                csvCells(group.arrival()));
    }

    private static String csvCells(Delays side) {
        return side.mean() == null
                ? "0,0,,,"
                : String.format(
                        Locale.ROOT, "%d,%d,%.2f,%d,%d", side.count(), side.sum(), side.mean(), side.p50(), side.p95());
    }

    private static String name(Group group) {
        return group.carrier() + " " + group.origin();
    }

    private static Object shown(@Nullable Object figure) {
        return figure == null ? "none" : figure;
    }
}
