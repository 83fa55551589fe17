package dev.stepstile.cli.ops;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;

/** Text for people: ages, durations, and what is cut to fit. */
final class Text {
    static final String ELLIPSIS = "…";

    private Text() {}

    /** In at most six characters: {@code 0.4s}, {@code 12s}, {@code 3m05s}, {@code 2h13m}, {@code 4d02h}. */
    static String duration(double seconds) {
        if (seconds < 0) {
            return "0s";
        }
        if (seconds < 9.95) {
            return String.format(Locale.ROOT, "%.1fs", seconds);
        }
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + "s";
        }
        if (whole < 3600) {
            return String.format(Locale.ROOT, "%dm%02ds", whole / 60, whole % 60);
        }
        if (whole < 86_400) {
            return String.format(Locale.ROOT, "%dh%02dm", whole / 3600, whole % 3600 / 60);
        }
        return String.format(Locale.ROOT, "%dd%02dh", whole / 86_400, whole % 86_400 / 3600);
    }

    /** How long ago an instant of an answer was; empty if there is none. */
    static String ago(String instant, Instant now) {
        try {
            Duration ago = Duration.between(Instant.parse(instant), now);
            return duration(Math.max(0.0, Math.rint(ago.toMillis() / 1000.0)));
        } catch (DateTimeParseException e) {
            return "";
        }
    }

    /** How long ago an instant of an answer was, or {@code in 52m00s}; empty if there is none. */
    static String distance(String instant, Instant now) {
        try {
            Duration ahead = Duration.between(now, Instant.parse(instant));
            return ahead.compareTo(Duration.ofSeconds(1)) < 0
                    ? ago(instant, now)
                    : "in " + duration(Math.rint(ahead.toMillis() / 1000.0));
        } catch (DateTimeParseException e) {
            return "";
        }
    }

    /** On one line, and without what would move a terminal's cursor or colour it. */
    static String clean(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints()
                .forEach(c ->
                        clean.appendCodePoint(c == '\n' || c == '\t' || c == '\r' ? ' ' : isControl(c) ? '\uFFFD' : c));
        return clean.toString();
    }

    /** A word that was typed, as a complaint about it repeats it. */
    static String quoted(String text) {
        return cutEnd(clean(text), 60);
    }

    /** Also the marks that make a terminal write from right to left: a key must not look like another. */
    private static boolean isControl(int c) {
        return Character.isISOControl(c) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    }

    /** How many columns of a terminal a text takes. */
    static int width(String text) {
        return text.codePoints().map(Text::width).sum();
    }

    private static int width(int c) {
        int type = Character.getType(c);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK || type == Character.FORMAT) {
            return 0;
        }
        return isWide(c) ? 2 : 1;
    }

    /** East Asian wide characters and emoji, by their blocks. */
    private static boolean isWide(int c) {
        return (c >= 0x1100 && c <= 0x115F)
                || (c >= 0x2E80 && c <= 0xA4CF)
                || (c >= 0xAC00 && c <= 0xD7A3)
                || (c >= 0xF900 && c <= 0xFAFF)
                || (c >= 0xFE30 && c <= 0xFE6F)
                || (c >= 0xFF00 && c <= 0xFF60)
                || (c >= 0x1F300 && c <= 0x1FAFF)
                || (c >= 0x20000 && c <= 0x3FFFD);
    }

    /** The beginning, within so many columns. */
    static String cutEnd(String text, int width) {
        return width(text) <= width ? text : head(text, width - 1) + ELLIPSIS;
    }

    /** Beginning and end, within so many columns: keys and ids often differ at their ends only. */
    static String cutMiddle(String text, int width) {
        if (width(text) <= width) {
            return text;
        }
        int tail = (width - 1) / 2;
        return head(text, width - 1 - tail) + ELLIPSIS + tail(text, tail);
    }

    private static String head(String text, int width) {
        int taken = 0;
        int i = 0;
        while (i < text.length()) {
            int c = text.codePointAt(i);
            taken += width(c);
            if (taken > width) {
                break;
            }
            i += Character.charCount(c);
        }
        return text.substring(0, i);
    }

    private static String tail(String text, int width) {
        int taken = 0;
        int i = text.length();
        while (i > 0) {
            int c = text.codePointBefore(i);
            taken += width(c);
            if (taken > width) {
                break;
            }
            i -= Character.charCount(c);
        }
        return text.substring(i);
    }

    static String padded(String text, int width) {
        return text + " ".repeat(Math.max(0, width - width(text)));
    }

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** {@code 1 step}, {@code 1,000 steps}. */
    static String count(long number, String one) {
        return count(number) + " " + one + (number == 1 ? "" : "s");
    }
}
