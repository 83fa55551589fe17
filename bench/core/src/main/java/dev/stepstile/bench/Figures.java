package dev.stepstile.bench;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** Prints what was measured, one figure on each line. */
final class Figures {
    private final PrintStream out;

    Figures(PrintStream out) {
        this.out = out;
    }

    void heading(String text) {
        out.println();
        out.println(text);
    }

    // Error Prone's annotation would be a run-time dependency of its own.
    @SuppressWarnings("AnnotateFormatMethod")
    void print(String name, String format, Object... values) {
        out.printf(Locale.ROOT, "  %-38s %s%n", name, String.format(Locale.ROOT, format, values));
        out.flush();
    }

    static double millis(Histogram micros, double percentile) {
        return micros.getValueAtPercentile(percentile) / 1e3;
    }

    static <T> double median(List<T> values, ToDoubleFunction<T> figure) {
        return median(values.stream().mapToDouble(figure).toArray());
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
