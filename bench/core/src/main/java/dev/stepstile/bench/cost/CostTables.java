package dev.stepstile.bench.cost;

import dev.stepstile.bench.price.Price;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The tables of the documents, from what was counted. */
final class CostTables {
    private final List<CostRun.Counted> counted;

    CostTables(List<CostRun.Counted> counted) {
        this.counted = counted;
    }

    /** Dollars for a million steps, without the duration of their invocations. */
    static double dollarsAMillion(CostRun.Counted of) {
        return ofTable(of)
                + Price.SQS_REQUEST.of(1e6 * of.queueRequests())
                + Price.SQS_FAIR_REQUEST.of(1e6 * of.queueRequests())
                + Price.LAMBDA_REQUEST.of(1e6 * of.invocations())
                + Price.LOGS_WRITTEN.of(1e6 * of.invocations() * Consumption.LOG_GB_AN_INVOCATION);
    }

    private static double ofTable(CostRun.Counted of) {
        return Price.DYNAMODB_WRITE.of(1e6 * of.writes()) + Price.DYNAMODB_READ.of(1e6 * of.reads());
    }

    /** Units and requests of a step, by their cause. */
    String units() {
        List<String> rows = new ArrayList<>();
        rows.add(row("for each step", step -> name(step.step())));
        rows.add("|---|" + "---:|".repeat(counted.size()));
        rows.add(row("**write units**", step -> bold(step.writes())));
        causes(rows, "writes", CostRun.Counted::writes);
        rows.add(row("**read units**", step -> bold(step.reads())));
        causes(rows, "reads", CostRun.Counted::reads);
        rows.add(row("**SQS requests**", step -> bold(step.queueRequests())));
        rows.add(row("**Lambda invocations**", step -> bold(step.invocations())));
        rows.add(row("**a million steps**", step -> "**" + dollars(dollarsAMillion(step)) + "**"));
        return String.join("\n", rows);
    }

    private interface OfCause {
        double of(CostRun.Counted step, Cause cause);
    }

    private void causes(List<String> rows, String what, OfCause units) {
        for (Cause cause : Cause.values()) {
            if (counted.stream().anyMatch(step -> units.of(step, cause) >= 0.005)) {
                rows.add(row(what + ": " + cause, step -> decimals(units.of(step, cause))));
            }
        }
    }

    /** Dollars for a million steps, in a line. */
    String dollars() {
        return String.join(
                "\n",
                row("a million steps of", step -> name(step.step())),
                "|---|" + "---:|".repeat(counted.size()),
                row("DynamoDB", step -> dollars(ofTable(step))),
                row("SQS, invocations, logs", step -> dollars(dollarsAMillion(step) - ofTable(step))),
                row(
                        "Lambda, for each GB of memory, ten steps at once",
                        step -> dollars(
                                Price.LAMBDA_ARM_GB_SECOND.of(1e5 * step.step().toSeconds()))));
    }

    /** An hour of each view of the console, by how many steps run: the same views in each list. */
    static String console(Map<Integer, List<ConsoleRun.Minute>> byRunning) {
        List<String> rows = new ArrayList<>();
        String columns = byRunning.keySet().stream()
                .map(running -> " | read units a minute, %d run | an hour".formatted(running))
                .collect(Collectors.joining());
        rows.add("| view | calls a minute" + columns + " |");
        rows.add("|---|---:|" + "---:|---:|".repeat(byRunning.size()));
        List<ConsoleRun.Minute> views = byRunning.values().iterator().next();
        for (int i = 0; i < views.size(); i++) {
            int view = i;
            String cells = byRunning.values().stream()
                    .map(minutes -> minutes.get(view))
                    .map(minute ->
                            String.format(Locale.ROOT, " | %,.0f | $%.3f", minute.reads(), minute.dollarsAnHour()))
                    .collect(Collectors.joining());
            rows.add("| " + views.get(i).view() + " | " + views.get(i).calls() + cells + " |");
        }
        return String.join("\n", rows);
    }

    private String row(String name, Function<CostRun.Counted, String> cell) {
        return counted.stream().map(cell).collect(Collectors.joining(" | ", "| " + name + " | ", " |"));
    }

    private static String name(Duration step) {
        return step.isZero() ? "no-op" : step.toSeconds() + " s";
    }

    private static String bold(double units) {
        return "**" + decimals(units) + "**";
    }

    private static String decimals(double units) {
        return String.format(Locale.ROOT, "%.2f", units);
    }

    private static String dollars(double dollars) {
        return String.format(Locale.ROOT, "$%,.2f", dollars);
    }
}
