package dev.stepstile.cli.demo;

import dev.stepstile.cli.console.Progress;
import dev.stepstile.client.Dispatch;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.Retry;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepEnded;
import dev.stepstile.client.StepSettings;
import dev.stepstile.client.StepstileClient;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/** Dispatches a step for each day, then one that makes a report of their results, and follows them to their ends. */
final class FlightsRun {
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final String REPORT_STEP = "report";

    private final StepstileClient client;
    private final FlightDays days;
    private final String runId = "flights-" + Instant.now().toEpochMilli();

    FlightsRun(StepstileClient client, FlightDays days) {
        this.client = client;
        this.days = days;
    }

    /** @throws IllegalStateException with a sentence for people if the steps have not ended in time */
    FlightsOutcome play(Progress progress) {
        Instant begun = Instant.now();
        dispatchDays();
        Map<String, StepEnded> ended = follow(days.keys(), progress::at);
        double daysSeconds = secondsSince(begun);
        Map<String, JsonValue> results = FlightsOutcome.results(ended);
        begun = Instant.now();
        StepEnded report = results.isEmpty() ? null : report(results);
        return new FlightsOutcome(ended, report, daysSeconds, secondsSince(begun));
    }

    private void dispatchDays() {
        List<Step> steps = days.all().stream()
                .map(day -> Step.of(FlightDays.key(day), "flights.day", Map.of("day", day)))
                .toList();
        StepSettings defaults = StepSettings.NONE
                .withMaxAttempts(3)
                .withTimeout(Duration.ofSeconds(15))
                .withRetry(new Retry(Duration.ofMillis(200), Duration.ofSeconds(2)));
        client.dispatch(runId, Dispatch.of("days", steps).withDefaults(defaults));
    }

    private StepEnded report(Map<String, JsonValue> results) {
        Step step = Step.of(REPORT_STEP, "flights.report", null)
                .withSettings(StepSettings.handler("flights.report").withMaxAttempts(20));
        Map<String, JsonValue> shared = Map.of("days", JsonValue.of(results.values()));
        client.dispatch(runId, Dispatch.of("report", List.of(step)).withSharedInputs(shared));
        return follow(List.of(REPORT_STEP), _ -> {}).values().iterator().next();
    }

    private Map<String, StepEnded> follow(List<String> keys, IntConsumer ends) {
        Map<String, StepEnded> ended = new TreeMap<>();
        boolean complete = client.follow(runId, keys).await(PATIENCE, event -> {
            if (event instanceof StepEnded end) {
                ended.put(end.key(), end);
                ends.accept(ended.size());
            }
        });
        if (!complete) {
            throw new IllegalStateException(ended.size() + " of " + keys.size() + " steps have ended after "
                    + PATIENCE.toMinutes() + " minutes; the demo stops here. The log says why.");
        }
        return ended;
    }

    static double secondsSince(Instant instant) {
        return Duration.between(instant, Instant.now()).toMillis() / 1000.0;
    }
}
