package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.Attempts;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Origin;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepState;
import dev.stepstile.step.TraceParent;
import dev.stepstile.step.Window;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A record as JSON, complete: reading gives back what was written. Instants and durations in milliseconds. */
public final class RecordCodec {
    static final String RETRY_ON = "retryOn";
    static final String RETRY_NEVER = "retryNever";
    static final String NOT_BEFORE = "notBefore";
    static final String DEADLINE = "deadline";
    static final String TRACEPARENT = "traceparent";
    private static final String SPAN_TAGS = "spanTags";

    private RecordCodec() {}

    public static String write(StepRecord record) {
        ObjectNode node = Json.object();
        node.put("runId", record.id().runId()).put("stepKey", record.id().stepKey());
        node.put("shard", record.shard());
        ObjectNode settings = node.putObject("pinned").setAll(settings(record.settings()));
        Payload input = record.settings().input();
        if (input != null) {
            settings.set("input", PayloadJson.write(input));
        }
        SortedMap<String, String> spanTags = record.settings().origin().spanTags();
        if (!spanTags.isEmpty()) {
            settings.set(SPAN_TAGS, Json.object(spanTags));
        }
        node.put("attempt", record.attempt()).put("owner", record.owner());
        node.put("budgetFrom", record.attempts().budgetFrom()).put("cancelSeq", record.cancelSeq());
        Json.putInstant(node, "createdAt", record.createdAt());
        Json.putInstant(node, "startedAt", record.attempts().newest().startedAt());
        node.put("pages", record.attempts().newest().pages());
        if (!record.history().isEmpty()) {
            ArrayNode history = node.putArray("history");
            record.history().forEach(note -> history.add(note(note)));
        }
        node.put("state", record.state().name().name());
        state(node, record.state());
        if (record.answered().redrivenBy() != null) {
            node.put("redrivenBy", record.answered().redrivenBy());
        }
        return Json.print(node);
    }

    public static StepRecord read(String json) {
        JsonNode node = Json.parse(json);
        List<FailedAttempt> history = new ArrayList<>();
        node.path("history").forEach(note -> history.add(note(note)));
        return new StepRecord(
                new StepId(Json.text(node, "runId"), Json.text(node, "stepKey")),
                Json.integer(node, "shard"),
                settings(Json.member(node, "pinned"), input(node.path("pinned"))),
                Json.instant(node, "createdAt"),
                new Attempts(
                        new Attempts.Newest(
                                Json.integer(node, "attempt"),
                                Json.text(node, "owner"),
                                Json.instantOrNull(node, "startedAt"),
                                Json.integer(node, "pages")),
                        Json.integer(node, "budgetFrom"),
                        history),
                new StepRecord.AnsweredCalls(
                        Json.number(node, "cancelSeq"),
                        node.hasNonNull("redrivenBy") ? Json.text(node, "redrivenBy") : null),
                state(node));
    }

    private static @Nullable Payload input(JsonNode settings) {
        JsonNode input = settings.get("input");
        return input == null ? null : PayloadJson.read(input);
    }

    /** All but an input and what spans say of tags, which no message has. */
    static ObjectNode settings(StepSettings settings) {
        ObjectNode node = Json.object()
                .put("dispatchId", settings.dispatchId())
                .put("index", settings.index())
                .put("handler", settings.handler())
                .put("maxAttempts", settings.retry().maxAttempts())
                .put("baseMillis", settings.retry().base().toMillis())
                .put("capMillis", settings.retry().cap().toMillis())
                .put("timeoutMillis", settings.timeout().toMillis());
        RetryRule rule = settings.retry().rule();
        if (!rule.on().isEmpty()) {
            rule.on().forEach(node.putArray(RETRY_ON)::add);
        }
        if (!rule.never().isEmpty()) {
            rule.never().forEach(node.putArray(RETRY_NEVER)::add);
        }
        if (settings.window().notBefore() != null) {
            Json.putInstant(node, NOT_BEFORE, settings.window().notBefore());
        }
        if (settings.window().deadline() != null) {
            Json.putInstant(node, DEADLINE, settings.window().deadline());
        }
        TraceParent trace = settings.trace();
        if (trace != null) {
            node.put(TRACEPARENT, trace.text());
        }
        return node;
    }

    private static SortedMap<String, String> spanTags(JsonNode node) {
        SortedMap<String, String> tags = new TreeMap<>();
        node.properties().forEach(tag -> tags.put(tag.getKey(), tag.getValue().asText()));
        return tags;
    }

    private static List<String> names(JsonNode array) {
        List<String> names = new ArrayList<>();
        array.forEach(name -> names.add(name.asText()));
        return names;
    }

    /** @param input what a redrive gave the step; null: its manifest's */
    static StepSettings settings(JsonNode node, @Nullable Payload input) {
        return new StepSettings(
                new Origin(
                        Json.text(node, "dispatchId"),
                        Json.integer(node, "index"),
                        TraceParent.read(node.path(TRACEPARENT).textValue()),
                        spanTags(node.path(SPAN_TAGS))),
                Json.text(node, "handler"),
                new RetryPolicy(
                        Json.integer(node, "maxAttempts"),
                        Duration.ofMillis(Json.number(node, "baseMillis")),
                        Duration.ofMillis(Json.number(node, "capMillis")),
                        new RetryRule(names(node.path(RETRY_ON)), names(node.path(RETRY_NEVER)))),
                Duration.ofMillis(Json.number(node, "timeoutMillis")),
                input,
                new Window(Json.instantOrNull(node, NOT_BEFORE), Json.instantOrNull(node, DEADLINE)));
    }

    private static ObjectNode note(FailedAttempt note) {
        ObjectNode node = Json.object().put("attempt", note.attempt());
        Json.putInstant(node, "startedAt", note.startedAt());
        Json.putInstant(node, "endedAt", note.endedAt());
        return node.put("cause", note.cause().name()).put("message", note.message());
    }

    private static FailedAttempt note(JsonNode node) {
        return new FailedAttempt(
                Json.integer(node, "attempt"),
                Json.instant(node, "startedAt"),
                Json.instant(node, "endedAt"),
                StepError.Kind.valueOf(Json.text(node, "cause")),
                Json.text(node, "message"));
    }

    private static void state(ObjectNode node, StepState state) {
        switch (state) {
            case StepState.Running running -> {
                // The name that versions before read: to them, the step is held until then.
                Json.putInstant(node, "leaseUntil", running.deadline());
                node.put("cancelRequested", running.cancelRequested());
            }
            case StepState.Retrying retrying -> Json.putInstant(node, "notBefore", retrying.notBefore());
            case StepState.Succeeded succeeded -> node.set("result", PayloadJson.write(succeeded.result()));
            case StepState.Failed failed -> error(node, failed.error());
            case StepState.Dead dead -> {
                error(node, dead.error());
                Json.putInstant(node, "buriedAt", dead.deadLetteredAt());
            }
            case StepState.Cancelled _ -> {}
        }
        if (state instanceof StepState.Ended ended) {
            Json.putInstant(node, "finishedAt", ended.finishedAt());
        }
    }

    private static StepState state(JsonNode node) {
        return switch (StepState.Name.valueOf(Json.text(node, "state"))) {
            case QUEUED, UNKNOWN -> throw new Json.BadJson("no record is QUEUED or UNKNOWN");
            case RUNNING ->
                new StepState.Running(
                        Json.instant(node, "leaseUntil"),
                        node.path("cancelRequested").booleanValue());
            case RETRYING -> new StepState.Retrying(Json.instant(node, "notBefore"));
            case SUCCEEDED ->
                new StepState.Succeeded(
                        PayloadJson.read(Json.member(node, "result")), Json.instant(node, "finishedAt"));
            case FAILED -> new StepState.Failed(error(node), Json.instant(node, "finishedAt"));
            case DEAD ->
                new StepState.Dead(error(node), Json.instant(node, "finishedAt"), Json.instantOrNull(node, "buriedAt"));
            case CANCELLED -> new StepState.Cancelled(Json.instant(node, "finishedAt"));
        };
    }

    private static void error(ObjectNode node, StepError error) {
        node.put("errorKind", error.kind().name()).put("error", error.message());
    }

    private static StepError error(JsonNode node) {
        return new StepError(StepError.Kind.valueOf(Json.text(node, "errorKind")), Json.text(node, "error"));
    }
}
