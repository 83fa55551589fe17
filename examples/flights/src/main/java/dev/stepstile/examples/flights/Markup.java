package dev.stepstile.examples.flights;

import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** How the page writes text, numbers and days. */
final class Markup {
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("EEE d MMM", Locale.ENGLISH);

    private Markup() {}

    static String text(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    static String whole(long number) {
        return minus("%,d", number);
    }

    static String tenths(double number) {
        return minus("%,.1f", number);
    }

    static String hundredths(double number) {
        return minus("%,.2f", number);
    }

    static String day(LocalDate day) {
        return DAY.format(day);
    }

    /** A number in a drawing, whose length does not matter to a reader. */
    static String at(double coordinate) {
        String text = String.format(Locale.ROOT, "%.1f", coordinate);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    /** With the minus sign that is as wide as a digit, and none before a zero. */
    private static String minus(String format, Object number) {
        String text = String.format(Locale.ROOT, format, number);
        if (!text.startsWith("-")) {
            return text;
        }
        String digits = text.substring(1);
        return digits.chars().allMatch(digit -> digit == '0' || digit == '.') ? digits : "−" + digits;
    }
}
