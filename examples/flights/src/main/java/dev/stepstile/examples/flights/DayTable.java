package dev.stepstile.examples.flights;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@link DayResult} as JSON: a table, since thirty groups with the same fourteen names each are mostly names.
 *
 * <pre>{@code {"day":"2013-01-05","columns":["carrier","origin",…],"groups":[["9E","EWR",2,0,…],…]}}</pre>
 *
 * @param columns always {@link #COLUMNS}, for who reads the JSON
 * @param groups a row for each group, its cells in the order of the columns
 */
public record DayTable(String day, List<String> columns, List<List<@Nullable Object>> groups) {
    /** The names of a row's cells. {@code sorted} holds every delay in the text that {@link SortedDelays} explains. */
    public static final List<String> COLUMNS = List.of(
            "carrier",
            "origin",
            "flights",
            "cancelled",
            "depCount",
            "depSum",
            "depMean",
            "depP50",
            "depP95",
            "depSorted",
            "arrCount",
            "arrSum",
            "arrMean",
            "arrP50",
            "arrP95",
            "arrSorted");

    private static final int DEPARTURE = COLUMNS.indexOf("depCount");
    private static final int ARRIVAL = COLUMNS.indexOf("arrCount");

    public DayTable {
        if (day == null || columns == null || groups == null) {
            throw new IllegalArgumentException("A day result has a day, columns and groups; one of them is missing");
        }
    }

    static DayTable of(DayResult result) {
        return new DayTable(
                result.day(),
                COLUMNS,
                result.groups().stream().map(DayTable::row).toList());
    }

    /** The typed form; an {@link IllegalArgumentException} says which row is not what {@code flights.day} writes. */
    public DayResult toDayResult() {
        if (!COLUMNS.equals(columns)) {
            throw new IllegalArgumentException(
                    "The result of %s has the columns %s, expected %s; another version wrote it"
                            .formatted(day, columns, COLUMNS));
        }
        return new DayResult(day, groups.stream().map(this::group).toList());
    }

    private static List<@Nullable Object> row(Group group) {
        Delays departure = group.departure();
        Delays arrival = group.arrival();
        return Arrays.<@Nullable Object>asList(
                group.carrier(),
                group.origin(),
                group.flights(),
                group.cancelled(),
                departure.count(),
                departure.sum(),
                departure.mean(),
                departure.p50(),
                departure.p95(),
                departure.sorted(),
                arrival.count(),
                arrival.sum(),
                arrival.mean(),
                arrival.p50(),
                arrival.p95(),
                arrival.sorted());
    }

    private Group group(List<@Nullable Object> row) {
        try {
            return new Group(
                    text(row.get(0)),
                    text(row.get(1)),
                    number(row.get(2)).intValue(),
                    number(row.get(3)).intValue(),
                    delays(row, DEPARTURE),
                    delays(row, ARRIVAL));
        } catch (ClassCastException | NullPointerException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(
                    "The result of %s has a row that is no group: %s".formatted(day, row), e);
        }
    }

    private static Delays delays(List<@Nullable Object> row, int from) {
        Number mean = (Number) row.get(from + 2);
        Number p50 = (Number) row.get(from + 3);
        Number p95 = (Number) row.get(from + 4);
        return new Delays(
                number(row.get(from)).intValue(),
                number(row.get(from + 1)).longValue(),
                mean == null ? null : mean.doubleValue(),
                p50 == null ? null : p50.intValue(),
                p95 == null ? null : p95.intValue(),
                text(row.get(from + 5)));
    }

    private static Number number(@Nullable Object cell) {
        return (Number) Objects.requireNonNull(cell);
    }

    private static String text(@Nullable Object cell) {
        return (String) Objects.requireNonNull(cell);
    }
}
