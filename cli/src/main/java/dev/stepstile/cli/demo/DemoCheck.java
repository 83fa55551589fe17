package dev.stepstile.cli.demo;

import dev.stepstile.client.DeadLetter;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepEnded;
import dev.stepstile.examples.flights.DayTable;
import dev.stepstile.examples.flights.FlightsCheck;
import dev.stepstile.examples.flights.FlightsReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Compares what a run left with what it should have left. */
final class DemoCheck {
    private final FlightDays days;
    private final List<String> differences = new ArrayList<>();

    private DemoCheck(FlightDays days) {
        this.days = days;
    }

    /** The differences, each as a sentence for people. */
    static List<String> differences(FlightDays days, FlightsOutcome outcome, List<DeadLetter> deadLetters) {
        DemoCheck check = new DemoCheck(days);
        check.states(outcome);
        try {
            check.results(outcome);
        } catch (IllegalArgumentException e) {
            check.differences.add("a result cannot be parsed: " + e.getMessage());
        }
        check.deadLetters(deadLetters);
        return check.differences;
    }

    private void states(FlightsOutcome outcome) {
        for (String day : days.all()) {
            StepEnded end = outcome.days().get(FlightDays.key(day));
            String state = end == null ? "missing" : end.state().status().name();
            String expected = days.poisoned().contains(day) ? "DEAD" : "SUCCEEDED";
            if (!state.equals(expected)) {
                differences.add(day + ": " + state + ", expected " + expected);
            }
        }
    }

    private void results(FlightsOutcome outcome) {
        List<DayTable> tables = new ArrayList<>();
        for (JsonValue json : FlightsOutcome.results(outcome.days()).values()) {
            tables.add(Objects.requireNonNull(json.as(DayTable.class)));
        }
        differences.addAll(FlightsCheck.differences(tables, days.poisoned()));
        Optional<JsonValue> report = outcome.reportResult();
        if (report.isPresent()) {
            FlightsReport parsed = Objects.requireNonNull(report.get().as(FlightsReport.class));
            differences.addAll(FlightsCheck.reportDifferences(parsed, days.poisoned()));
        } else {
            StepEnded end = outcome.report();
            differences.add("the report's step is "
                    + (end == null ? "missing" : end.state().status().name()));
        }
    }

    private void deadLetters(List<DeadLetter> deadLetters) {
        Set<String> deadLettered = new TreeSet<>();
        for (DeadLetter deadLetter : deadLetters) {
            var step = deadLetter.step();
            deadLettered.add(step == null ? "an unrecognised message" : step.key());
        }
        if (!deadLettered.equals(days.poisonedKeys())) {
            differences.add("in the dead-letter queue: " + deadLettered + ", expected " + days.poisonedKeys());
        }
    }
}
