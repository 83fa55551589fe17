package dev.stepstile.bench.cost;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The tables of the documents, from what was counted. */
final class CostTables {
    private static final double HOURS_A_MONTH = 730;

    /** What a step logs: start, end and metrics of its invocation, for ten steps together. */
    private static final double LOG_GB_A_STEP = 0.1e-6;

    /** A sweep with nothing to do, of a function with 1 GB. */
    private static final double SWEEP_GB_SECONDS = 0.1;

    private static final int ALARMS = 3;

    private final List<CostRun.Counted> counted;
    private final Counts idleHour;
    private final Counts followedHour;

    /** @param followedHour what a client consumes that follows a run in which nothing happens */
    CostTables(List<CostRun.Counted> counted, Counts idleHour, Counts followedHour) {
        this.counted = counted;
        this.idleHour = idleHour;
        this.followedHour = followedHour;
    }

    /** Dollars for a million steps, without the duration of their invocations. */
    static double dollarsAMillion(CostRun.Counted of) {
        return 1e6
                * (of.writes() * Prices.WRITE_UNIT
                        + of.reads() * Prices.READ_UNIT
                        + of.queueRequests() * Prices.SQS_REQUEST
                        + of.invocations() * Prices.INVOCATION
                        + LOG_GB_A_STEP * Prices.LOG_GB);
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
                row(
                        "DynamoDB",
                        step -> dollars(1e6 * (step.writes() * Prices.WRITE_UNIT + step.reads() * Prices.READ_UNIT))),
                row(
                        "SQS, invocations, logs",
                        step -> dollars(dollarsAMillion(step)
                                - 1e6 * (step.writes() * Prices.WRITE_UNIT + step.reads() * Prices.READ_UNIT))),
                row(
                        "Lambda, for each GB of memory, ten steps at once",
                        step -> dollars(1e5 * step.step().toSeconds() * Prices.GB_SECOND)));
    }

    /** What costs the same however many steps run. */
    String fixed() {
        long receives = idleHour.queueCalls().getOrDefault(Counts.QueueCall.EMPTY_RECEIVE, 0L);
        double sweeps = idleHour.invocations() * HOURS_A_MONTH;
        double polling = receives * HOURS_A_MONTH * Prices.SQS_REQUEST;
        double schedule = sweeps * (Prices.SCHEDULED_CALL + Prices.INVOCATION + SWEEP_GB_SECONDS * Prices.GB_SECOND)
                + idleHour.allReads() * HOURS_A_MONTH * Prices.READ_UNIT;
        double alarms = ALARMS * Prices.ALARM_MONTH;
        double following = followedHour.invocations() * (Prices.API_CALL + Prices.INVOCATION)
                + followedHour.allReads() * Prices.READ_UNIT;
        return String.join(
                "\n",
                "| however many steps run | count | dollars |",
                "|---|---|---|",
                line(
                        "a month: Lambda's five pollers of the queue",
                        count(receives * HOURS_A_MONTH) + " receives",
                        polling),
                line(
                        "a month: the sweeper's schedule, each minute",
                        count(sweeps) + " calls, " + count(idleHour.allReads() * HOURS_A_MONTH) + " read units",
                        schedule),
                line("a month: alarms", Integer.toString(ALARMS), alarms),
                line("**a month in which nothing runs**", "", polling + schedule + alarms),
                line(
                        "an hour of a client that follows a run",
                        count((double) followedHour.invocations()) + " API calls, " + count(followedHour.allReads())
                                + " read units",
                        following),
                line("a million API calls", "1,000,000", 1e6 * (Prices.API_CALL + Prices.INVOCATION)));
    }

    private static String line(String what, String count, double dollars) {
        return "| " + what + " | " + count + " | " + dollars(dollars) + " |";
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

    private static String count(double number) {
        return String.format(Locale.ROOT, "%,.0f", number);
    }

    private static String dollars(double dollars) {
        return String.format(Locale.ROOT, "$%,.2f", dollars);
    }
}
