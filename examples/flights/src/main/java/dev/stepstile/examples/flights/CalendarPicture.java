package dev.stepstile.examples.flights;

import static dev.stepstile.examples.flights.Markup.at;
import static dev.stepstile.examples.flights.Markup.tenths;
import static dev.stepstile.examples.flights.Markup.text;
import static dev.stepstile.examples.flights.Markup.whole;

import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.format.TextStyle;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The year as a calendar for each airport: a column for each week, a cell for each day, coloured by its mean delay. */
final class CalendarPicture {
    private static final double LEFT = 44;
    private static final double TOP = 58;
    private static final double PITCH = 18.6;
    private static final double CELL = 15.8;
    private static final int WIDTH = 1036;
    private static final int PANEL_HEIGHT = 214;
    private static final double MANY_CANCELLED_PERCENT = 10;
    private static final LocalDate FIRST_MONDAY = FlightsData.FIRST_DAY.with(DayOfWeek.MONDAY);

    private final Year year;
    private final StringBuilder svg = new StringBuilder(200_000);

    CalendarPicture(Year year) {
        this.year = year;
    }

    String svg() {
        int height = PANEL_HEIGHT * year.byOrigin().size() - 14;
        svg.append("<svg viewBox=\"0 0 ").append(WIDTH).append(' ').append(height);
        svg.append("\" role=\"img\" aria-label=\"Mean departure delay of each day of 2013, by airport\">\n");
        double top = 0;
        for (Map.Entry<String, Tally> origin : year.byOrigin().entrySet()) {
            svg.append("<g transform=\"translate(0 ").append(at(top)).append(")\">\n");
            heading(origin.getKey(), origin.getValue());
            weekdays();
            for (LocalDate day = FlightsData.FIRST_DAY; !day.isAfter(FlightsData.LAST_DAY); day = day.plusDays(1)) {
                day(origin.getKey(), day);
            }
            months();
            svg.append("</g>\n");
            top += PANEL_HEIGHT;
        }
        return svg.append("</svg>").toString();
    }

    private void heading(String origin, Tally tally) {
        svg.append("<text class=\"port\" y=\"17\">").append(text(origin));
        svg.append("<tspan class=\"name\" dx=\"10\">")
                .append(text(Names.airport(origin)))
                .append("</tspan></text>\n");
        StringBuilder summary = new StringBuilder(whole(tally.flights())).append(" flights");
        if (tally.flew()) {
            summary.append(" · mean ").append(tenths(tally.departure().mean())).append(" min");
        }
        worstDay(origin)
                .ifPresent(worst -> summary.append(" · worst ")
                        .append(Markup.day(worst.getKey()))
                        .append(", ")
                        .append(tenths(worst.getValue()))
                        .append(" min"));
        label(WIDTH - 6, 17, "sum end", summary.toString());
    }

    private Optional<Map.Entry<LocalDate, Double>> worstDay(String origin) {
        Map<LocalDate, Double> means = year.byDay().keySet().stream()
                .filter(day -> flew(year.at(origin, day)))
                .collect(Collectors.toMap(
                        Function.identity(),
                        day -> Objects.requireNonNull(year.at(origin, day))
                                .departure()
                                .mean()));
        return means.entrySet().stream()
                .max(Map.Entry.<LocalDate, Double>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())));
    }

    private static boolean flew(@Nullable Tally tally) {
        return tally != null && tally.flew();
    }

    private void weekdays() {
        for (DayOfWeek weekday :
                new DayOfWeek[] {DayOfWeek.MONDAY, DayOfWeek.WEDNESDAY, DayOfWeek.FRIDAY, DayOfWeek.SUNDAY}) {
            String name = weekday.getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            label(LEFT - 8, y(weekday) + CELL - 4, "axis end", name);
        }
    }

    private void months() {
        for (LocalDate first = FlightsData.FIRST_DAY;
                !first.isAfter(FlightsData.LAST_DAY);
                first = first.plusMonths(1)) {
            // Above the first whole week of the month, where the name cannot be taken for the month before.
            LocalDate named = first.getDayOfWeek() == DayOfWeek.MONDAY ? first : first.plusWeeks(1);
            String name = first.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            label(x(named) + 1, TOP - 9, "axis", name);
            if (first.isAfter(FlightsData.FIRST_DAY)) {
                boundary(first);
            }
        }
    }

    /** A line between two months: down to the first of the new one, a step to the left, and down to Sunday. */
    private void boundary(LocalDate first) {
        double gap = (PITCH - CELL) / 2;
        double left = x(first) - gap;
        double step = y(first.getDayOfWeek()) - gap;
        double bottom = TOP + 7 * PITCH - gap;
        boolean straight = first.getDayOfWeek() == DayOfWeek.MONDAY;
        svg.append("<path class=\"month\" d=\"M").append(at(straight ? left : left + PITCH));
        svg.append(' ').append(at(TOP - gap));
        if (!straight) {
            svg.append('V').append(at(step)).append('H').append(at(left));
        }
        svg.append('V').append(at(bottom)).append("\"/>\n");
    }

    private void day(String origin, LocalDate day) {
        Tally tally = year.at(origin, day);
        String colour = tally == null || !tally.flew()
                ? "none"
                : DelayScale.colour(tally.departure().mean());
        svg.append("<rect class=\"").append(colour).append("\" x=\"").append(at(x(day)));
        svg.append("\" y=\"").append(at(y(day.getDayOfWeek()))).append("\"><title>");
        svg.append(Markup.day(day)).append(" · ").append(text(origin)).append('\n');
        svg.append(description(day, tally)).append("</title></rect>");
        if (tally != null && tally.cancelledPercent() >= MANY_CANCELLED_PERCENT) {
            svg.append("<circle cx=\"").append(at(x(day) + CELL / 2));
            svg.append("\" cy=\"").append(at(y(day.getDayOfWeek()) + CELL / 2)).append("\"/>");
        }
        svg.append('\n');
    }

    private String description(LocalDate day, @Nullable Tally tally) {
        if (tally == null) {
            return year.has(day) ? "no flights" : "no result";
        }
        String flights = "%s flights, %s cancelled".formatted(whole(tally.flights()), whole(tally.cancelled()));
        if (!tally.flew()) {
            return flights;
        }
        Histogram delays = tally.departure();
        return "mean %s min, median %s, 95th percentile %s\n%s"
                .formatted(tenths(delays.mean()), whole(delays.percentile(50)), whole(delays.percentile(95)), flights);
    }

    private void label(double x, double y, String style, String label) {
        svg.append("<text class=\"").append(style).append("\" x=\"").append(at(x));
        svg.append("\" y=\"").append(at(y)).append("\">").append(text(label)).append("</text>\n");
    }

    private static double x(LocalDate day) {
        return LEFT + PITCH * ChronoUnit.WEEKS.between(FIRST_MONDAY, day);
    }

    private static double y(DayOfWeek weekday) {
        return TOP + PITCH * (weekday.getValue() - 1);
    }
}
