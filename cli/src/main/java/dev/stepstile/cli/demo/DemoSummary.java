package dev.stepstile.cli.demo;

import dev.stepstile.cli.console.Progress;
import dev.stepstile.client.Attempt;
import dev.stepstile.client.DeadLetter;
import dev.stepstile.client.StepEnded;
import dev.stepstile.stackfaults.FaultyStack;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Metric;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Prints what happened during a run. */
final class DemoSummary {
    private final PrintStream out;

    DemoSummary(PrintStream out) {
        this.out = out;
    }

    void steps(FlightsOutcome outcome) {
        Map<String, Integer> states = new TreeMap<>();
        outcome.days().values().forEach(end -> states.merge(end.state().status().name(), 1, Integer::sum));
        double seconds = outcome.daysSeconds();
        out.println();
        row(
                "Steps",
                states + " in " + Progress.time(seconds)
                        + String.format(Locale.ROOT, " (%.0f/s)", outcome.days().size() / seconds));
        row("Report step", Progress.time(outcome.reportSeconds()));
    }

    /** @param isolated a killed process takes its latest counts along, so that the sums are lower bounds */
    void faults(FlightsOutcome outcome, FaultyStack stack, List<DeadLetter> deadLetters, boolean isolated) {
        int retried = 0;
        int lost = 0;
        for (StepEnded end : outcome.days().values()) {
            retried += end.attempt() - 1;
            for (Attempt attempt : end.attempts()) {
                lost += attempt.kind().equals("WORKER_LOST") ? 1 : 0;
            }
        }
        InMemoryMeter tally = stack.stack().tally();
        String least = isolated ? "at least " : "";
        row("Workers killed", stack.workersLost());
        row("Attempts retried", retried);
        row("Attempts lost", lost);
        row("Messages sent twice", stack.duplicated());
        row("Duplicates suppressed", least + tally.of(Metric.DUPLICATES_SUPPRESSED));
        row("Stale results refused", least + tally.of(Metric.STALE_REFUSED));
        row("Dead letters", deadLetters.size());
        deadLetters.forEach(deadLetter -> row(
                "",
                DeadLetters.step(deadLetter) + " at attempt " + DeadLetters.attempt(deadLetter) + ": "
                        + deadLetter.kind()));
    }

    void row(String name, Object value) {
        out.printf(Locale.ROOT, "%-22s %s%n", name, value);
    }
}
