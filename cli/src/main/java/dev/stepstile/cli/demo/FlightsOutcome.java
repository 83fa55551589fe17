package dev.stepstile.cli.demo;

import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepEnded;
import dev.stepstile.client.StepResult;
import dev.stepstile.client.StepState;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How a run over the flights ended.
 *
 * @param days the ends of the days' steps, by key
 * @param report the end of the report's step; null if no day succeeded
 */
record FlightsOutcome(
        Map<String, StepEnded> days, @Nullable StepEnded report, double daysSeconds, double reportSeconds) {

    /** The results of the steps that succeeded, by key. */
    static Map<String, JsonValue> results(Map<String, StepEnded> ended) {
        Map<String, JsonValue> results = new TreeMap<>();
        ended.forEach((key, end) -> result(end).ifPresent(result -> results.put(key, result)));
        return results;
    }

    Optional<JsonValue> reportResult() {
        return Optional.ofNullable(report).flatMap(FlightsOutcome::result);
    }

    private static Optional<JsonValue> result(StepEnded end) {
        return end.state() instanceof StepState.Succeeded(Instant _, StepResult.Value(JsonValue json))
                ? Optional.of(json)
                : Optional.empty();
    }
}
