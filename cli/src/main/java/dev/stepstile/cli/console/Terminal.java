package dev.stepstile.cli.console;

import java.io.Console;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Prints text for people, in characters that the terminal can show. On a terminal, lines are wrapped between words at its
 * width; in a file or a pipe a sentence stays on one line, so that it can be searched for.
 */
public final class Terminal {
    /** The width of a terminal that does not report one. */
    static final int DEFAULT_WIDTH = 80;

    private static final int LEAST_WIDTH = 40;
    private static final Map<Character, String> IN_ASCII =
            Map.of('█', "#", '░', "-", '…', "...", '×', "x", '–', "-", '—', "-", '’', "'", '→', "->");

    private final PrintStream out;
    private final Charset charset;
    private final int width;

    /** @param width 0: lines are not wrapped */
    Terminal(PrintStream out, Charset charset, int width) {
        this.out = out;
        this.charset = charset;
        this.width = width;
    }

    /** A stream of this process. */
    public enum Stream {
        IN,
        OUT,
        ERR
    }

    /** The standard output of this process. */
    public static Terminal standard() {
        return new Terminal(System.out, charset("stdout.encoding"), interactive() ? columns() : 0);
    }

    /** The standard error of this process. */
    public static Terminal ofErrors() {
        return new Terminal(System.err, charset("stderr.encoding"), isTerminal(Stream.ERR) ? columns() : 0);
    }

    /** Whether the standard output is a terminal. */
    public static boolean interactive() {
        return isTerminal(Stream.OUT);
    }

    /** Whether somebody can be asked on standard error, and answer on standard input. */
    public static boolean canAsk() {
        return isTerminal(Stream.IN) && isTerminal(Stream.ERR);
    }

    /** Whether a stream is a terminal, as the launcher found it. */
    static boolean isTerminal(Stream stream) {
        return isTerminal(stream, System.getenv("STEPSTILE_TERMINALS"));
    }

    /**
     * Java tells of input and output together only. JDK 25 has a console for a pipe too, so its presence is not enough.
     *
     * @param found by the launcher, such as {@code out,err}; null without it
     */
    static boolean isTerminal(Stream stream, @Nullable String found) {
        if (found != null) {
            return List.of(found.split(",", -1)).contains(stream.name().toLowerCase(Locale.ROOT));
        }
        return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    }

    /** The width that the launcher found. */
    public static int columns() {
        try {
            return Math.max(LEAST_WIDTH, Integer.parseInt(System.getenv().getOrDefault("COLUMNS", "")));
        } catch (NumberFormatException unknown) {
            return DEFAULT_WIDTH;
        }
    }

    private static Charset charset(String property) {
        try {
            return Charset.forName(System.getProperty(property, "UTF-8"));
        } catch (IllegalArgumentException unknown) {
            return StandardCharsets.US_ASCII;
        }
    }

    /** Prints a text. Each of its lines is wrapped; the continuation lines have its indent. */
    public void say(String text) {
        text.lines().flatMap(line -> wrap(line).stream()).forEach(line -> out.println(shown(line)));
        out.flush();
    }

    /** Prints one line as it is, such as a command to be copied. */
    public void verbatim(String line) {
        out.println(shown(line));
        out.flush();
    }

    private List<String> wrap(String line) {
        return width == 0 ? List.of(line) : wrap(line, width);
    }

    /** Lines of at most this many characters, broken at spaces; a word that is longer stays whole. */
    static List<String> wrap(String line, int width) {
        String indent = line.substring(0, line.length() - line.stripLeading().length());
        List<String> lines = new ArrayList<>();
        StringBuilder current = new StringBuilder(indent);
        boolean begun = false;
        for (String word : line.strip().split(" ", -1)) {
            if (begun && current.length() + 1 + word.length() > width) {
                lines.add(current.toString());
                current = new StringBuilder(indent);
                begun = false;
            }
            current.append(begun ? " " : "").append(word);
            begun = true;
        }
        lines.add(current.toString().stripTrailing());
        return lines;
    }

    /** The text in characters that can be shown. */
    public String shown(String text) {
        if (charset.newEncoder().canEncode(text)) {
            return text;
        }
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            shown.append(charset.newEncoder().canEncode(c) ? Character.toString(c) : IN_ASCII.getOrDefault(c, "?"));
        }
        return shown.toString();
    }
}
