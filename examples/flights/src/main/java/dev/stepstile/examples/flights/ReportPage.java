package dev.stepstile.examples.flights;

import static dev.stepstile.examples.flights.Markup.hundredths;
import static dev.stepstile.examples.flights.Markup.tenths;
import static dev.stepstile.examples.flights.Markup.text;
import static dev.stepstile.examples.flights.Markup.whole;
import static java.util.Comparator.comparingDouble;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.Month;
import java.time.format.TextStyle;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The report as one HTML page: styles, drawings and tables all in it, nothing fetched. */
final class ReportPage {
    private static final Pattern SLOT = Pattern.compile("\\{\\{(\\w+)}}");
    private static final int LISTED_DAYS = 8;
    private static final int NAMED_MISSING_DAYS = 10;
    /** From here on a flight counts as late, as the US Department of Transportation counts it. */
    private static final int LATE_MINUTES = 15;

    private final Year year;
    private final String runId;
    private final Names names;

    ReportPage(Year year, String runId) throws IOException {
        this.year = year;
        this.runId = runId;
        this.names = Names.read();
    }

    String html() throws IOException {
        Map<String, String> slots = new HashMap<>();
        slots.put("style", resource("report.css"));
        slots.put("lead", lead());
        slots.put("missing", missing());
        slots.put("tiles", tiles());
        slots.put("scale", scale());
        slots.put("calendar", new CalendarPicture(year).svg());
        slots.put("months", months());
        slots.put("carriers", new CarrierPicture(year, names).svg());
        slots.put(
                "delayedDays",
                days(comparingDouble((Tally tally) -> tally.departure().mean()).reversed()));
        slots.put("cancelledDays", days(comparingDouble(Tally::cancelledPercent).reversed()));
        slots.put("routes", routes());
        slots.put("days", whole(year.days().size()));
        slots.put("run", text(runId));
        return SLOT.matcher(resource("report.html"))
                .replaceAll(slot -> Matcher.quoteReplacement(
                        Objects.requireNonNull(slots.get(slot.group(1)), () -> "no content for " + slot.group())));
    }

    private String lead() {
        Tally all = year.all();
        if (!all.flew()) {
            return "Not one flight left.";
        }
        int median = all.departure().percentile(50);
        String half = median < 0
                ? "Half of all departures left at least %s early".formatted(minutes(-median))
                : "Half of all departures left no more than %s late".formatted(minutes(median));
        return "%s, one in twenty more than %s late: the mean of %s minutes describes neither."
                .formatted(
                        half,
                        minutes(all.departure().percentile(95)),
                        tenths(all.departure().mean()));
    }

    private static String minutes(int minutes) {
        return minutes == 1 ? "1 minute" : whole(minutes) + " minutes";
    }

    private String missing() {
        List<LocalDate> missing = year.missingDays();
        if (missing.isEmpty()) {
            return "";
        }
        String days =
                missing.stream().limit(NAMED_MISSING_DAYS).map(Markup::day).collect(Collectors.joining(", "));
        String more = missing.size() > NAMED_MISSING_DAYS ? " and others" : "";
        return "<p class=\"missing\"><strong>%s</strong> of the year’s days had no result when this was made: %s%s.</p>"
                .formatted(whole(missing.size()), days, more);
    }

    private String tiles() {
        Tally all = year.all();
        StringBuilder tiles = new StringBuilder();
        tile(
                tiles,
                whole(all.flights()),
                "Flights",
                whole(year.days().size()) + " days, " + year.byOrigin().size() + " airports, "
                        + year.byCarrier().size() + " carriers");
        tile(tiles, whole(all.cancelled()), "Cancelled", hundredths(all.cancelledPercent()) + "% of flights");
        if (all.flew()) {
            Histogram delays = all.departure();
            double late = 100.0 * delays.above(LATE_MINUTES - 1) / delays.count();
            tile(tiles, tenths(late) + "%", "Late", "left " + LATE_MINUTES + " minutes late or more");
            tile(tiles, hundredths(delays.mean()), "Mean delay", "minutes at departure");
            tile(tiles, whole(delays.percentile(50)), "Median", "minutes at departure");
            tile(tiles, whole(delays.percentile(95)), "95th percentile", "minutes at departure");
        }
        return tiles.toString();
    }

    private static void tile(StringBuilder tiles, String figure, String name, String note) {
        tiles.append("<div><dt>").append(name).append("</dt><dd>").append(figure);
        tiles.append("<small>").append(note).append("</small></dd></div>\n");
    }

    private static String scale() {
        StringBuilder scale = new StringBuilder();
        List<String> labels = DelayScale.labels();
        for (int colour = 0; colour < labels.size(); colour++) {
            scale.append("<li><i class=\"d")
                    .append(colour)
                    .append("\"></i>")
                    .append(labels.get(colour))
                    .append("</li>");
        }
        return scale.toString();
    }

    private String months() {
        StringBuilder table = new StringBuilder("<thead><tr><th scope=\"col\">Airport</th>");
        for (Month month : Month.values()) {
            table.append("<th scope=\"col\">")
                    .append(month.getDisplayName(TextStyle.SHORT, Locale.ENGLISH))
                    .append("</th>");
        }
        table.append("<th scope=\"col\">Year</th></tr></thead>\n<tbody>");
        year.byOrigin().forEach((origin, whole) -> {
            table.append("<tr><th scope=\"row\">").append(text(origin)).append("</th>");
            for (Month month : Month.values()) {
                shade(table, year.at(origin, month));
            }
            shade(table, whole);
            table.append("</tr>\n");
        });
        return table.append("</tbody>").toString();
    }

    private static void shade(StringBuilder table, @Nullable Tally tally) {
        if (tally == null || !tally.flew()) {
            table.append("<td></td>");
            return;
        }
        double mean = tally.departure().mean();
        table.append("<td class=\"")
                .append(DelayScale.colour(mean))
                .append("\">")
                .append(tenths(mean))
                .append("</td>");
    }

    private String days(Comparator<Tally> order) {
        StringBuilder rows = new StringBuilder();
        for (Map.Entry<LocalDate, Tally> entry : year.first(LISTED_DAYS, order)) {
            Tally tally = entry.getValue();
            rows.append("<tr><th scope=\"row\">")
                    .append(Markup.day(entry.getKey()))
                    .append("</th>");
            number(rows, whole(tally.flights()));
            number(rows, tenths(tally.cancelledPercent()) + "%");
            delays(rows, tally.departure());
            rows.append("</tr>\n");
        }
        return rows.toString();
    }

    private String routes() {
        StringBuilder rows = new StringBuilder();
        String before = "";
        for (Map.Entry<Year.Route, Tally> entry : year.byRoute().entrySet()) {
            String carrier = entry.getKey().carrier();
            Tally tally = entry.getValue();
            boolean first = !carrier.equals(before);
            rows.append(first ? "<tr class=\"first\">" : "<tr>").append("<th scope=\"row\">");
            if (first) {
                rows.append("<b>").append(text(carrier)).append("</b> ").append(text(names.carrier(carrier)));
            }
            rows.append("</th><td class=\"port\">")
                    .append(text(entry.getKey().origin()))
                    .append("</td>");
            number(rows, whole(tally.flights()));
            number(rows, whole(tally.cancelled()));
            number(rows, tenths(tally.cancelledPercent()) + "%");
            delays(rows, tally.departure());
            delays(rows, tally.arrival());
            rows.append("</tr>\n");
            before = carrier;
        }
        return rows.toString();
    }

    private static void delays(StringBuilder rows, Histogram delays) {
        boolean known = delays.count() > 0;
        number(rows, known ? tenths(delays.mean()) : "–");
        number(rows, known ? whole(delays.percentile(50)) : "–");
        number(rows, known ? whole(delays.percentile(95)) : "–");
    }

    private static void number(StringBuilder rows, String number) {
        rows.append("<td>").append(number).append("</td>");
    }

    private static String resource(String name) throws IOException {
        try (InputStream stream = FlightsData.open(name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
