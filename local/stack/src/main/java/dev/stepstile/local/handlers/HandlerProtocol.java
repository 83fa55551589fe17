package dev.stepstile.local.handlers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent.FailureKind;
import dev.stepstile.usecase.AttemptFailed;
import dev.stepstile.usecase.HandlerInput;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The messages between a stack and a process with the user's handlers: a JSON object a line. {@code start},
 * {@code cancelled} and {@code interrupt} one way, with a number for each step; {@code ready}, {@code refused},
 * {@code taken}, {@code log}, {@code progress} and {@code ended} the other.
 */
final class HandlerProtocol {
    private static final String AS = "as";
    private static final String DELAY = "delayMillis";
    private static final String RESULT = "result";
    private static final String FAILED = "failed";
    private static final String TRACEPARENT = "traceparent";
    private static final String TRACESTATE = "tracestate";

    private HandlerProtocol() {}

    /**
     * The command to start a step.
     *
     * @param number by which the two sides name the step
     */
    record Start(
            int number,
            String handler,
            Attempt attempt,
            HandlerInput input,
            Optional<String> traceparent,
            Optional<String> tracestate) {
        static Start read(JsonNode json) {
            return new Start(
                    json.path("start").asInt(),
                    json.path("handler").asText(),
                    new Attempt(
                            json.path("run").asText(),
                            json.path("step").asText(),
                            json.path("attempt").asInt(),
                            Instant.parse(json.path("deadline").asText()),
                            texts(json.path("tags")),
                            json.path("tenant").asText()),
                    new HandlerInput(json.path("input").asText(), texts(json.path("shared"))),
                    Optional.ofNullable(json.path(TRACEPARENT).textValue()),
                    Optional.ofNullable(json.path(TRACESTATE).textValue()));
        }
    }

    /** An attempt of a step, as its handler sees it. */
    record Attempt(
            String runId,
            String stepKey,
            int number,
            Instant deadline,
            SortedMap<String, String> tags,
            String tenant) {}

    static ObjectNode start(int number, String handler, StepInput input, StepContext step) {
        ObjectNode start = Json.object()
                .put("start", number)
                .put("handler", handler)
                .put("run", step.runId())
                .put("step", step.stepKey())
                .put("attempt", step.attempt())
                .put("deadline", step.deadline().toString())
                .put("tenant", step.tenant())
                .put("input", input.json());
        step.traceparent().ifPresent(text -> start.put(TRACEPARENT, text));
        step.tracestate().ifPresent(text -> start.put(TRACESTATE, text));
        ObjectNode tags = start.putObject("tags");
        step.tags().forEach(tags::put);
        ObjectNode shared = start.putObject("shared");
        input.sharedNames().forEach(name -> shared.put(name, input.shared(name)));
        return start;
    }

    private static SortedMap<String, String> texts(JsonNode json) {
        SortedMap<String, String> texts = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            texts.put(entry.getKey(), entry.getValue().asText());
        }
        return texts;
    }

    /** A step's end by a result. */
    static ObjectNode returned(int number, String result) {
        return Json.object().put("ended", number).put(RESULT, result);
    }

    /** A step's end by what its handler threw. */
    static ObjectNode threw(int number, Throwable thrown) {
        ObjectNode ended = Json.object().put("ended", number);
        switch (thrown) {
            case AttemptFailed failed ->
                ended.putObject(FAILED)
                        .put("failureKind", failed.failureKind().name())
                        .put("kind", failed.error().kind().name())
                        .put("message", failed.error().message());
            case TerminalFailure terminal -> ended.put(AS, "terminal").set("thrown", RemoteFailure.write(terminal));
            case RetryAfter retry ->
                ended.put(AS, "retry-after")
                        .put(DELAY, retry.delay().toString())
                        .set("thrown", RemoteFailure.write(retry));
            case InterruptedException interrupted ->
                ended.put(AS, "interrupted").set("thrown", RemoteFailure.write(interrupted));
            case Throwable other -> ended.put(AS, "other").set("thrown", RemoteFailure.write(other));
        }
        return ended;
    }

    /** A step's end, as its handler would have ended it here. */
    static StepResult ended(JsonNode ended) throws Exception {
        if (ended.has(RESULT)) {
            return StepResult.ofJson(ended.path(RESULT).asText());
        }
        JsonNode failed = ended.path(FAILED);
        if (!failed.isMissingNode()) {
            throw new AttemptFailed(
                    FailureKind.valueOf(failed.path("failureKind").asText()),
                    StepError.Kind.valueOf(failed.path("kind").asText()),
                    failed.path("message").asText());
        }
        JsonNode thrown = ended.path("thrown");
        String message = RemoteFailure.message(thrown);
        throw switch (ended.path(AS).asText()) {
            case "terminal" ->
                RemoteFailure.dress(
                        new TerminalFailure(message == null ? TerminalFailure.class.getSimpleName() : message), thrown);
            case "retry-after" ->
                RemoteFailure.dress(
                        new RetryAfter(
                                Duration.parse(ended.path(DELAY).asText()),
                                message == null ? RetryAfter.class.getSimpleName() : message),
                        thrown);
            case "interrupted" ->
                RemoteFailure.dress(
                        message == null ? new InterruptedException() : new InterruptedException(message), thrown);
            default -> RemoteFailure.of(thrown);
        };
    }
}
