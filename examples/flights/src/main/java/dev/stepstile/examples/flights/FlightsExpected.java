package dev.stepstile.examples.flights;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The same figures by another way, to check the steps against: one pass over the whole file, without the index and
 * without the steps' code. Delays are counted rather than sorted, a percentile is found by its definition, and a mean is a decimal
 * division. Only the record types are shared.
 */
public final class FlightsExpected {
    /** Delays and how many flights had each; {@code sum} and percentiles follow from it. */
    private static final class Side {
        final NavigableMap<Integer, Integer> flightsByDelay = new TreeMap<>();

        void count(String cell) {
            if (!cell.isEmpty()) {
                flightsByDelay.merge(Integer.valueOf(cell), 1, Integer::sum);
            }
        }

        Delays figures() {
            int known = 0;
            long sum = 0;
            for (Map.Entry<Integer, Integer> entry : flightsByDelay.entrySet()) {
                known += entry.getValue();
                sum += (long) entry.getKey() * entry.getValue();
            }
            return new Delays(
                    known, sum, mean(sum, known), notExceededBy(50, known), notExceededBy(95, known), everyDelay());
        }

        private static @Nullable Double mean(long sum, int known) {
            return known == 0
                    ? null
                    : BigDecimal.valueOf(sum)
                            .divide(BigDecimal.valueOf(known), 2, RoundingMode.HALF_UP)
                            .doubleValue();
        }

        private @Nullable Integer notExceededBy(int percent, int known) {
            long seen = 0;
            for (Map.Entry<Integer, Integer> entry : flightsByDelay.entrySet()) {
                seen += entry.getValue();
                if (seen * 100 >= (long) percent * known) {
                    return entry.getKey();
                }
            }
            return null;
        }

        private String everyDelay() {
            StringBuilder text = new StringBuilder();
            int position = -100;
            for (Map.Entry<Integer, Integer> entry : flightsByDelay.entrySet()) {
                int gap = entry.getKey() - position;
                for (; gap > 61; gap -= 62) {
                    text.append('~');
                }
                char digit = (char) (gap < 10 ? '0' + gap : gap < 36 ? 'A' + gap - 10 : 'a' + gap - 36);
                text.append(digit).append("0".repeat(entry.getValue() - 1));
                position = entry.getKey();
            }
            return text.toString();
        }
    }

    private static final class Figures {
        int flights;
        int cancelled;
        final Side departure = new Side();
        final Side arrival = new Side();

        void count(String departureDelay, String arrivalDelay) {
            flights++;
            cancelled += departureDelay.isEmpty() ? 1 : 0;
            departure.count(departureDelay);
            arrival.count(arrivalDelay);
        }

        Group group(String carrierAndOrigin) {
            int comma = carrierAndOrigin.indexOf(',');
            return new Group(
                    carrierAndOrigin.substring(0, comma),
                    carrierAndOrigin.substring(comma + 1),
                    flights,
                    cancelled,
                    departure.figures(),
                    arrival.figures());
        }
    }

    /** Keyed by "carrier,origin", whose order is that of the groups. */
    private static final class Groups extends TreeMap<String, Figures> {
        private static final long serialVersionUID = 1;

        Figures at(String carrierAndOrigin) {
            return computeIfAbsent(carrierAndOrigin, unseen -> new Figures());
        }

        List<Group> groups() {
            List<Group> groups = new ArrayList<>(size());
            forEach((key, figures) -> groups.add(figures.group(key)));
            return groups;
        }
    }

    private final NavigableMap<String, Groups> byDay = new TreeMap<>();
    private final Groups total = new Groups();

    private FlightsExpected() {}

    /** What the 365 steps should find, by day. */
    public static List<DayResult> singlePass() {
        return singlePass(Set.of()).days();
    }

    /** What the report should find over the year, or over what is left of it without some days (in ISO form). */
    public static List<Group> totals(Set<String> excludedDays) {
        return singlePass(excludedDays).totals();
    }

    List<DayResult> days() {
        List<DayResult> days = new ArrayList<>(byDay.size());
        byDay.forEach((day, groups) -> days.add(new DayResult(day, groups.groups())));
        return days;
    }

    List<Group> totals() {
        return total.groups();
    }

    static FlightsExpected singlePass(Set<String> excludedDays) {
        FlightsExpected expected = new FlightsExpected();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(FlightsData.open("flights-2013.csv.gz"), 1 << 16), StandardCharsets.US_ASCII))) {
            lines.readLine(); // the columns' names
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                expected.count(line, excludedDays);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The flights cannot be read from the class path", e);
        }
        return expected;
    }

    private void count(String line, Set<String> excludedDays) {
        int carrier = line.indexOf(',') + 1;
        int arrival = line.lastIndexOf(',') + 1;
        int departure = line.lastIndexOf(',', arrival - 2) + 1;
        String day = line.substring(0, carrier - 1);
        if (excludedDays.contains(day)) {
            return;
        }
        String carrierAndOrigin = line.substring(carrier, departure - 1);
        String departureDelay = line.substring(departure, arrival - 1);
        String arrivalDelay = line.substring(arrival);
        byDay.computeIfAbsent(day, unseen -> new Groups()).at(carrierAndOrigin).count(departureDelay, arrivalDelay);
        total.at(carrierAndOrigin).count(departureDelay, arrivalDelay);
    }
}
