package dev.stepstile.examples.flights;

import static dev.stepstile.examples.flights.Markup.at;
import static dev.stepstile.examples.flights.Markup.tenths;
import static dev.stepstile.examples.flights.Markup.text;
import static dev.stepstile.examples.flights.Markup.whole;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** How late each carrier leaves: a box for the middle half, whiskers to the 5th and 95th percentile, median and mean. */
final class CarrierPicture {
    private static final double ROW = 30;
    private static final double TOP = 44;
    private static final double PLOT_LEFT = 236;
    private static final double PLOT_RIGHT = 806;
    private static final double FLIGHTS_RIGHT = 888;
    private static final double BAR_LEFT = 912;
    private static final double BAR_WIDTH = 72;
    private static final int WIDTH = 1036;
    private static final int GRID_MINUTES = 15;

    private final Names names;
    private final List<Map.Entry<String, Tally>> carriers;
    private final int from;
    private final int to;
    private final double mostCancelled;
    private final StringBuilder svg = new StringBuilder(20_000);

    CarrierPicture(Year year, Names names) {
        this.names = names;
        this.carriers = year.byCarrier().entrySet().stream()
                .filter(entry -> entry.getValue().flew())
                .sorted(Map.Entry.comparingByValue(Comparator.comparingDouble(
                                (Tally tally) -> tally.departure().mean())
                        .reversed()))
                .toList();
        this.from = -GRID_MINUTES
                * Math.ceilDiv(
                        -carriers.stream()
                                .mapToInt(entry -> percentile(entry, 5))
                                .min()
                                .orElse(0),
                        GRID_MINUTES);
        this.to = GRID_MINUTES
                * Math.ceilDiv(
                        carriers.stream()
                                .mapToInt(entry -> percentile(entry, 95))
                                .max()
                                .orElse(60),
                        GRID_MINUTES);
        this.mostCancelled = carriers.stream()
                .mapToDouble(entry -> entry.getValue().cancelledPercent())
                .max()
                .orElse(1);
    }

    private static int percentile(Map.Entry<String, Tally> carrier, int percent) {
        return carrier.getValue().departure().percentile(percent);
    }

    String svg() {
        double bottom = TOP + ROW * carriers.size();
        svg.append("<svg viewBox=\"0 0 ").append(WIDTH).append(' ').append(at(bottom + 34));
        svg.append(
                "\" role=\"img\" aria-label=\"Departure delays by carrier, from the highest mean to the lowest\">\n");
        label(0, TOP - 20, "axis", "carrier");
        label(PLOT_LEFT, TOP - 20, "axis", "departure delay, minutes");
        label(FLIGHTS_RIGHT, TOP - 20, "axis end", "flights");
        label(BAR_LEFT, TOP - 20, "axis", "cancelled");
        grid(bottom);
        double y = TOP;
        for (Map.Entry<String, Tally> carrier : carriers) {
            carrier(carrier.getKey(), carrier.getValue(), y + ROW / 2);
            y += ROW;
        }
        return svg.append("</svg>").toString();
    }

    private void grid(double bottom) {
        for (int minutes = from; minutes <= to; minutes += GRID_MINUTES) {
            String style = minutes == 0 ? "zero" : "grid";
            line(style, x(minutes), TOP - 6, x(minutes), bottom + 4);
            if (minutes % (2 * GRID_MINUTES) == 0) {
                label(x(minutes), bottom + 22, "axis mid", minutes == 0 ? "on time" : whole(minutes));
            }
        }
    }

    private void carrier(String code, Tally tally, double y) {
        Histogram delays = tally.departure();
        double low = x(delays.percentile(5));
        double lower = x(delays.percentile(25));
        double median = x(delays.percentile(50));
        double upper = x(delays.percentile(75));
        double high = x(delays.percentile(95));
        svg.append("<g><title>").append(text(description(code, tally))).append("</title>\n");
        svg.append("<rect class=\"row\" x=\"0\" width=\"").append(WIDTH);
        svg.append("\" y=\"")
                .append(at(y - ROW / 2))
                .append("\" height=\"")
                .append(at(ROW))
                .append("\"/>\n");
        label(0, y + 4.5, "code", code);
        label(36, y + 4.5, "carrier", names.carrier(code));
        line("whisker", low, y, high, y);
        line("whisker", low, y - 4, low, y + 4);
        line("whisker", high, y - 4, high, y + 4);
        svg.append("<rect class=\"box\" rx=\"3\" x=\"")
                .append(at(lower))
                .append("\" y=\"")
                .append(at(y - 8));
        svg.append("\" width=\"").append(at(Math.max(upper - lower, 1))).append("\" height=\"16\"/>\n");
        line("median", median, y - 8, median, y + 8);
        svg.append("<circle class=\"mean\" cx=\"")
                .append(at(x(delays.mean())))
                .append("\" cy=\"")
                .append(at(y));
        svg.append("\" r=\"4.2\"/>\n");
        label(FLIGHTS_RIGHT, y + 4.5, "number end", whole(tally.flights()));
        double bar = BAR_WIDTH * tally.cancelledPercent() / mostCancelled;
        svg.append("<rect class=\"bar\" rx=\"2\" x=\"")
                .append(at(BAR_LEFT))
                .append("\" y=\"")
                .append(at(y - 5));
        svg.append("\" width=\"").append(at(bar)).append("\" height=\"10\"/>\n");
        label(BAR_LEFT + bar + 6, y + 4.5, "number", tenths(tally.cancelledPercent()) + "%");
        svg.append("</g>\n");
    }

    private String description(String code, Tally tally) {
        Histogram delays = tally.departure();
        return "%s (%s)\nmean %s min, median %s\nmiddle half %s to %s, 5th to 95th percentile %s to %s\n%s of %s flights cancelled"
                .formatted(
                        names.carrier(code),
                        code,
                        tenths(delays.mean()),
                        whole(delays.percentile(50)),
                        whole(delays.percentile(25)),
                        whole(delays.percentile(75)),
                        whole(delays.percentile(5)),
                        whole(delays.percentile(95)),
                        whole(tally.cancelled()),
                        whole(tally.flights()));
    }

    private void line(String style, double x1, double y1, double x2, double y2) {
        svg.append("<path class=\"")
                .append(style)
                .append("\" d=\"M")
                .append(at(x1))
                .append(' ')
                .append(at(y1));
        svg.append('L').append(at(x2)).append(' ').append(at(y2)).append("\"/>\n");
    }

    private void label(double x, double y, String style, String label) {
        svg.append("<text class=\"").append(style).append("\" x=\"").append(at(x));
        svg.append("\" y=\"").append(at(y)).append("\">").append(text(label)).append("</text>\n");
    }

    private double x(double minutes) {
        return PLOT_LEFT + (PLOT_RIGHT - PLOT_LEFT) * (minutes - from) / (to - from);
    }
}
