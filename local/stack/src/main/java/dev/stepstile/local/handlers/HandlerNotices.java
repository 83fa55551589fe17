package dev.stepstile.local.handlers;

import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the person who started the stack should know at once about the handlers' processes; it is logged too. */
final class HandlerNotices {
    private static final Logger LOG = LoggerFactory.getLogger(HandlerNotices.class);

    /** How many steps a notice names. */
    private static final int NAMED = 10;

    private final Consumer<String> console;

    HandlerNotices(Consumer<String> console) {
        this.console = console;
    }

    void report(String line) {
        LOG.warn(line);
        console.accept(line);
    }

    /** A process ended that nobody had asked to end. */
    void ended(HandlerProcess.Ended ended) {
        List<String> steps = ended.steps();
        String ran = steps.isEmpty()
                ? "while no step ran in it"
                : "while " + (steps.size() == 1 ? "this step" : "these " + steps.size() + " steps") + " ran in it: "
                        + String.join(", ", steps.subList(0, Math.min(NAMED, steps.size())))
                        + (steps.size() > NAMED ? " and " + (steps.size() - NAMED) + " more" : "");
        report("The handlers' process " + ended.pid() + " " + ended.how() + " " + ran
                + (steps.isEmpty()
                        ? ". The next step gets a new one."
                        : ". Steps that have attempts left are retried, each in a process of its own."));
    }
}
