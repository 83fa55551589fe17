package dev.stepstile.examples.flights;

import static java.util.Comparator.comparing;

import java.time.LocalDate;
import java.time.Month;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The days' results put together; a year may have days missing, and then says which. */
final class Year {
    record Route(String carrier, String origin) {}

    record OriginDay(String origin, LocalDate day) {}

    record OriginMonth(String origin, Month month) {}

    private final SortedMap<LocalDate, DayResult> results = new TreeMap<>();
    private final Tally all = new Tally();
    private final SortedMap<LocalDate, Tally> byDay = new TreeMap<>();
    private final SortedMap<String, Tally> byCarrier = new TreeMap<>();
    private final SortedMap<String, Tally> byOrigin = new TreeMap<>();
    private final SortedMap<Route, Tally> byRoute =
            new TreeMap<>(comparing(Route::carrier).thenComparing(Route::origin));
    private final SortedMap<OriginDay, Tally> byOriginDay =
            new TreeMap<>(comparing(OriginDay::origin).thenComparing(OriginDay::day));
    private final SortedMap<OriginMonth, Tally> byOriginMonth =
            new TreeMap<>(comparing(OriginMonth::origin).thenComparing(OriginMonth::month));

    /** Merges days in any order; an {@link IllegalArgumentException} names the day that is twice there or malformed. */
    static Year of(List<DayResult> days) {
        Year year = new Year();
        for (DayResult day : days.stream().sorted(comparing(DayResult::day)).toList()) {
            year.add(day);
        }
        return year;
    }

    private void add(DayResult result) {
        LocalDate day = LocalDate.parse(result.day());
        if (results.put(day, result) != null) {
            throw new IllegalArgumentException("The day " + day + " is there twice");
        }
        for (Group group : result.groups()) {
            try {
                add(day, group);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "%s %s %s %s".formatted(day, group.carrier(), group.origin(), e.getMessage()), e);
            }
        }
    }

    private void add(LocalDate day, Group group) {
        all.add(group);
        tally(byDay, day).add(group);
        tally(byCarrier, group.carrier()).add(group);
        tally(byOrigin, group.origin()).add(group);
        tally(byRoute, new Route(group.carrier(), group.origin())).add(group);
        tally(byOriginDay, new OriginDay(group.origin(), day)).add(group);
        tally(byOriginMonth, new OriginMonth(group.origin(), day.getMonth())).add(group);
    }

    private static <K> Tally tally(Map<K, Tally> tallies, K key) {
        return tallies.computeIfAbsent(key, unseen -> new Tally());
    }

    List<DayResult> days() {
        return List.copyOf(results.values());
    }

    List<LocalDate> missingDays() {
        List<LocalDate> missing = new ArrayList<>();
        for (LocalDate day = FlightsData.FIRST_DAY; !day.isAfter(FlightsData.LAST_DAY); day = day.plusDays(1)) {
            if (!results.containsKey(day)) {
                missing.add(day);
            }
        }
        return missing;
    }

    Tally all() {
        return all;
    }

    SortedMap<LocalDate, Tally> byDay() {
        return byDay;
    }

    SortedMap<String, Tally> byCarrier() {
        return byCarrier;
    }

    SortedMap<String, Tally> byOrigin() {
        return byOrigin;
    }

    SortedMap<Route, Tally> byRoute() {
        return byRoute;
    }

    @Nullable
    Tally at(String origin, LocalDate day) {
        return byOriginDay.get(new OriginDay(origin, day));
    }

    @Nullable
    Tally at(String origin, Month month) {
        return byOriginMonth.get(new OriginMonth(origin, month));
    }

    boolean has(LocalDate day) {
        return results.containsKey(day);
    }

    /** The days that come first by this order, the earlier one where two are alike; days without a departure are left out. */
    List<Map.Entry<LocalDate, Tally>> first(int days, Comparator<Tally> order) {
        return byDay.entrySet().stream()
                .filter(entry -> entry.getValue().flew())
                .sorted(Map.Entry.comparingByValue(order))
                .limit(days)
                .toList();
    }
}
