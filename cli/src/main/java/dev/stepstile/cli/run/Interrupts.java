package dev.stepstile.cli.run;

import dev.stepstile.runtime.Signals;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What signals do to a run that is followed. On a terminal, the first Ctrl-C asks and the second one detaches. Where nobody
 * can be asked, and on SIGTERM and SIGHUP, the process detaches: steps that were dispatched end without it.
 */
final class Interrupts {
    private static final String QUESTION =
            "Type d to detach (the steps go on without this command), c to cancel the run, or"
                    + " Enter to go on waiting. Ctrl-C again detaches:";

    private final RunReport report;
    private final boolean someoneToAsk;
    private final Runnable detach;
    private final AtomicInteger signals = new AtomicInteger();
    private volatile boolean cancelWanted;

    /** @param detach ends this process */
    Interrupts(RunReport report, boolean someoneToAsk, Runnable detach) {
        this.report = report;
        this.someoneToAsk = someoneToAsk;
        this.detach = detach;
    }

    Interrupts listen() {
        Signals.on("INT", this::interrupted);
        for (String signal : List.of("TERM", "HUP")) {
            Signals.on(signal, detach);
        }
        return this;
    }

    private void interrupted() {
        if (!someoneToAsk || signals.incrementAndGet() > 1) {
            detach.run();
            return;
        }
        ask();
        signals.set(0);
    }

    /** On the signal's own thread: the steps are followed meanwhile. */
    private void ask() {
        BufferedReader typed = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
        while (true) {
            report.asked(QUESTION);
            switch (answer(typed)) {
                case "c" -> {
                    cancelWanted = true;
                    report.answered();
                    return;
                }
                case "" -> {
                    report.answered();
                    return;
                }
                case null -> { // nobody types any more
                    detach.run();
                    return;
                }
                case "d" -> {
                    detach.run();
                    return;
                }
                default -> {} // once more
            }
        }
    }

    private static @Nullable String answer(BufferedReader typed) {
        try {
            String line = typed.readLine();
            return line == null ? null : line.strip().toLowerCase(Locale.ROOT);
        } catch (IOException e) {
            return null;
        }
    }

    boolean cancelWanted() {
        return cancelWanted;
    }
}
