package dev.stepstile.cli.console;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Shows progress, with the rate and the estimated time left: a bar on a terminal, otherwise a line every few seconds. */
public final class Progress {
    private static final int WIDTH = 30;
    private static final Duration LINE_EVERY = Duration.ofSeconds(5);
    private static final Duration DRAW_EVERY = Duration.ofMillis(100);

    private final PrintStream out;
    private final boolean terminal;
    private final Terminal screen;
    private final String what;
    private final int total;
    private final Instant started = Instant.now();
    private Instant drawnAt = Instant.EPOCH;
    private int drawn = -1;

    public Progress(PrintStream out, String what, int total) {
        this.out = out;
        this.terminal = Terminal.interactive();
        this.screen = Terminal.standard();
        this.what = what;
        this.total = total;
    }

    public void at(int done) {
        Instant now = Instant.now();
        boolean last = done >= total;
        Duration every = terminal ? DRAW_EVERY : LINE_EVERY;
        if ((done == drawn && last) || (!last && now.isBefore(drawnAt.plus(every)))) {
            return;
        }
        drawnAt = now;
        drawn = done;
        double seconds = Math.max(0.001, Duration.between(started, now).toMillis() / 1000.0);
        double rate = done / seconds;
        String left = done == 0 ? "" : last ? time(seconds) : time((total - done) / rate) + " left";
        String line = String.format(Locale.ROOT, "%-10s %5d/%d  %6.1f/s  %s", what, done, total, rate, left);
        if (terminal) {
            int filled = total == 0 ? WIDTH : (int) ((long) WIDTH * done / total);
            String bar = screen.shown("█".repeat(filled) + "░".repeat(WIDTH - filled));
            out.print("\r\u001b[K" + String.format(Locale.ROOT, "%-10s ", what) + bar + line.substring(10));
            if (last) {
                out.println();
            }
        } else {
            out.println(line);
        }
        out.flush();
    }

    public static String time(double seconds) {
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        return whole / 60 + " min " + whole % 60 + " s";
    }
}
