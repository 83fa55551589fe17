package dev.stepstile.cli.plan;

import dev.stepstile.bench.plan.Architecture;
import dev.stepstile.bench.price.Price;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;

/** Numbers as a plan prints them. */
final class Figures {
    private static final double MILLION = 1e6;
    private static final Map<String, String> SHORT_UNITS =
            Map.of("GB-seconds", "GB-s", "GB-months", "GB-mo", "metric-months", "mo", "GB", "GB");

    private Figures() {}

    /** As it was given, without a needless zero at the end. */
    static String plain(double number) {
        return new BigDecimal(Double.toString(number)).stripTrailingZeros().toPlainString();
    }

    /** Whole, or with decimals if it is small; in millions if it is very large. */
    static String count(double number) {
        if (number >= 1000 * MILLION) {
            return String.format(Locale.ROOT, "%,.0f M", number / MILLION);
        }
        boolean whole = number == Math.rint(number);
        return String.format(Locale.ROOT, whole || number >= 100 ? "%,.0f" : number >= 1 ? "%.1f" : "%.3f", number);
    }

    static String units(double number, Price price) {
        String unit = SHORT_UNITS.getOrDefault(price.unit(), "");
        return (count(number) + " " + unit).strip();
    }

    static String dollars(double dollars) {
        if (dollars >= 10 * MILLION) {
            return String.format(Locale.ROOT, "$%,.0f M", dollars / MILLION);
        }
        return String.format(Locale.ROOT, dollars >= 100_000 ? "$%,.0f" : "$%,.2f", dollars);
    }

    /** Of a unit, of a thousand or of a million, whichever is stated. */
    static String price(Price price) {
        double per = price.per();
        double dollars = price.dollars();
        if (per == 1 && dollars < 0.001) {
            dollars *= MILLION;
            per = MILLION;
        }
        String of = per == MILLION ? "/M" : per == 1000 ? "/k" : "";
        String format = dollars >= 1 || dollars * 100 == Math.rint(dollars * 100) ? "$%.2f" : "$%.3f";
        return String.format(Locale.ROOT, format, dollars) + of;
    }

    static String time(double seconds) {
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long minutes = Math.round(seconds / 60);
        if (minutes < 60) {
            return minutes + " min";
        }
        long hours = minutes / 60;
        return hours < 48
                ? String.format(Locale.ROOT, "%d h %02d min", hours, minutes % 60)
                : String.format(Locale.ROOT, "%,d days", Math.round(hours / 24.0));
    }

    /** As the template writes it. */
    static String name(Architecture architecture) {
        return architecture.name().toLowerCase(Locale.ROOT);
    }
}
