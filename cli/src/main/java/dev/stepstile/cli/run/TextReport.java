package dev.stepstile.cli.run;

import dev.stepstile.cli.console.Progress;
import dev.stepstile.cli.console.Terminal;
import dev.stepstile.cli.results.Result;
import dev.stepstile.client.StepError;
import dev.stepstile.client.StepStatus;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;

/** For people: a bar on a terminal, otherwise a line every ten seconds. */
final class TextReport implements RunReport {
    private static final Duration DRAW_EVERY = Duration.ofMillis(200);
    private static final Duration LINE_EVERY = Duration.ofSeconds(10);
    private static final int LONGEST_BAR = 30;
    private static final int SHORTEST_BAR = 5;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final PrintStream out = System.out;
    private final Terminal terminal = Terminal.standard();
    private final boolean bar = Terminal.interactive();
    private final InstantSource clock = InstantSource.system();
    private final Instant begun = clock.instant();
    private Instant nextAt = begun;
    private boolean drawn;
    private boolean asking;

    @Override
    public synchronized void started(String runId, String rows) {
        terminal.say("Run " + runId);
        terminal.say(rows);
    }

    @Override
    public synchronized void progress(Standing standing) {
        Instant now = clock.instant();
        if (asking || now.isBefore(nextAt)) {
            return;
        }
        nextAt = now.plus(bar ? DRAW_EVERY : LINE_EVERY);
        String text = line(standing);
        if (bar) {
            out.print(ERASE_LINE + terminal.shown(bar(standing, Terminal.columns() - text.length() - 3)) + text);
            out.flush();
            drawn = true;
        } else {
            terminal.verbatim(text);
        }
    }

    private static String bar(Standing standing, int room) {
        Integer total = standing.total();
        int width = Math.min(LONGEST_BAR, room);
        if (total == null || total == 0 || width < SHORTEST_BAR) {
            return "";
        }
        int filled = (int) ((long) width * standing.done() / total);
        return "█".repeat(filled) + "░".repeat(width - filled) + "  ";
    }

    static String line(Standing standing) {
        Integer total = standing.total();
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT,
                "%,d/%s",
                standing.done(),
                total == null ? "?" : String.format(Locale.ROOT, "%,d", total)));
        if (total == null || standing.dispatched() < total) {
            line.append(String.format(Locale.ROOT, "  sent %,d", standing.dispatched()));
        }
        append(line, "run", standing.of(StepStatus.RUNNING));
        append(line, "retry", standing.of(StepStatus.RETRYING));
        append(line, "failed", standing.of(StepStatus.FAILED));
        append(line, "dead", standing.of(StepStatus.DEAD));
        append(line, "cancelled", standing.of(StepStatus.CANCELLED));
        append(line, "damaged", standing.of(StepStatus.UNKNOWN));
        line.append(
                String.format(Locale.ROOT, standing.perSecond() < 10 ? "  %.1f/s" : "  %,.0f/s", standing.perSecond()));
        Duration left = standing.left();
        if (left != null && !left.isZero()) {
            line.append("  ").append(shortly(left));
        }
        return line.toString();
    }

    private static void append(StringBuilder line, String what, int steps) {
        if (steps > 0) {
            line.append(String.format(Locale.ROOT, "  %s %,d", what, steps));
        }
    }

    /** In few characters: 42 s, 3:05, 2:03:05. */
    static String shortly(Duration duration) {
        long seconds = (duration.toMillis() + 999) / 1000;
        if (seconds < 60) {
            return seconds + " s";
        }
        String minutes = String.format(Locale.ROOT, "%d:%02d", seconds / 60 % 60, seconds % 60);
        return seconds < 3600
                ? minutes
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    @Override
    public synchronized void note(String sentence) {
        erase();
        terminal.say(sentence);
    }

    @Override
    public synchronized void asked(String question) {
        drawn = true; // even if no bar is: the terminal has echoed ^C
        erase();
        terminal.say(question);
        asking = true;
    }

    @Override
    public synchronized void answered() {
        asking = false;
    }

    @Override
    public synchronized void ended(Standing standing, List<Result> unsuccessful, String results) {
        erase();
        String time = Progress.time(Duration.between(begun, clock.instant()).toMillis() / 1000.0);
        int succeeded = standing.of(StepStatus.SUCCEEDED);
        if (standing.allSucceeded()) {
            terminal.say(String.format(Locale.ROOT, "All %,d steps succeeded, after %s.", succeeded, time));
        } else {
            terminal.say(String.format(
                    Locale.ROOT,
                    "%,d of %,d steps succeeded%s, after %s.",
                    succeeded,
                    standing.done(),
                    others(standing),
                    time));
            unsuccessful.forEach(step -> terminal.say("  " + step.key() + ": " + step.state() + why(step)));
            if (standing.done() - succeeded > unsuccessful.size()) {
                terminal.say("  …");
            }
        }
        if (!results.isEmpty()) {
            terminal.say(results);
        }
    }

    private static String others(Standing standing) {
        StringBuilder others = new StringBuilder();
        append(others, "failed", standing.of(StepStatus.FAILED));
        append(others, "dead", standing.of(StepStatus.DEAD));
        append(others, "cancelled", standing.of(StepStatus.CANCELLED));
        append(others, "damaged", standing.of(StepStatus.UNKNOWN));
        return others.isEmpty() ? "" : " (" + others.toString().strip().replace("  ", ", ") + ")";
    }

    private static String why(Result step) {
        StepError error = step.outcome().error();
        return error == null ? "" : ", " + error.kind() + ": " + error.message();
    }

    private void erase() {
        if (drawn) {
            out.print(ERASE_LINE);
            drawn = false;
        }
    }
}
