package dev.stepstile.examples.flights;

import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/** What the steps' results look like once they were written as JSON and read again. */
final class Recorded {
    private static final FlightsDayHandler DAY = new FlightsDayHandler();

    private Recorded() {}

    /** The JSON recorded for one day. */
    static String day(LocalDate day) throws IOException {
        JsonInput input = JsonInput.of("{\"day\":\"" + day + "\"}");
        return JsonInput.json(DAY.run(input, new OneAttempt("day[" + day + "]")));
    }

    /** The JSON recorded for each day of the year, in order. */
    static List<String> year() throws IOException {
        List<String> days = new ArrayList<>();
        for (LocalDate day = FlightsData.FIRST_DAY; !day.isAfter(FlightsData.LAST_DAY); day = day.plusDays(1)) {
            days.add(day(day));
        }
        return days;
    }

    /** The same as the check takes them. */
    static List<DayTable> tables(List<String> days) {
        return days.stream().map(day -> JsonInput.read(day, DayTable.class)).toList();
    }

    /** The report that the closing step makes of these days, recorded and read again. */
    static FlightsReport report(List<String> days) throws IOException {
        JsonInput input = JsonInput.shared("days", "[" + String.join(",", days) + "]");
        String json = JsonInput.json(new FlightsReportHandler().run(input, new OneAttempt("report")));
        return JsonInput.read(json, FlightsReport.class);
    }
}
