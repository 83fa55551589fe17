package dev.stepstile.examples.flights;

import static java.util.Comparator.comparing;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import java.io.IOException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * {@code flights.day}: takes a {@link DayInput}, gives the day's {@link DayResult} as a {@link DayTable}. Reads nothing
 * but the class path, so a second attempt gives the same bytes.
 */
public final class FlightsDayHandler implements StepHandler {
    private static final int QUOTED_CHARACTERS = 40;

    private record Route(String carrier, String origin) {}

    @Override
    public String name() {
        return "flights.day";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws IOException {
        LocalDate day = day(input.as(DayInput.class));
        List<Flight> flights = FlightsData.of(day);
        context.progress(0.5, flights.size() + " flights read");
        DayResult result = new DayResult(day.toString(), groups(flights));
        long cancelled = flights.stream().filter(Flight::cancelled).count();
        context.log("%s: %d flights, %d cancelled, in %d groups of carrier and airport"
                .formatted(day, flights.size(), cancelled, result.groups().size()));
        return StepResult.of(DayTable.of(result));
    }

    private static LocalDate day(@Nullable DayInput input) {
        String text = input == null ? null : input.day();
        if (text == null) {
            throw new TerminalFailure("The input names no day; give one such as {\"day\":\"2013-01-05\"}");
        }
        LocalDate day = date(text);
        if (day.isBefore(FlightsData.FIRST_DAY) || day.isAfter(FlightsData.LAST_DAY)) {
            throw new TerminalFailure("There are no flights on %s: the data reach from %s to %s"
                    .formatted(day, FlightsData.FIRST_DAY, FlightsData.LAST_DAY));
        }
        return day;
    }

    private static LocalDate date(String text) {
        try {
            return LocalDate.parse(text);
        } catch (DateTimeParseException e) {
            String shown = text.substring(0, Math.min(text.length(), QUOTED_CHARACTERS));
            throw new TerminalFailure("\"" + shown + "\" is no day; write one such as 2013-01-05", e);
        }
    }

    private static List<Group> groups(List<Flight> flights) {
        SortedMap<Route, List<Flight>> byRoute = flights.stream()
                .collect(Collectors.groupingBy(
                        flight -> new Route(flight.carrier(), flight.origin()),
                        () -> new TreeMap<>(comparing(Route::carrier).thenComparing(Route::origin)),
                        Collectors.toList()));
        return byRoute.entrySet().stream()
                .map(entry -> group(entry.getKey(), entry.getValue()))
                .toList();
    }

    private static Group group(Route route, List<Flight> flights) {
        int cancelled = (int) flights.stream().filter(Flight::cancelled).count();
        return new Group(
                route.carrier(),
                route.origin(),
                flights.size(),
                cancelled,
                delays(flights, Flight::departureDelay),
                delays(flights, Flight::arrivalDelay));
    }

    private static Delays delays(List<Flight> flights, Function<Flight, @Nullable Integer> delay) {
        return Delays.of(flights.stream()
                .map(delay)
                .filter(Objects::nonNull)
                .mapToInt(Integer::intValue)
                .toArray());
    }
}
