package dev.stepstile.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.stepstile.codec.Json;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Pauses;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Span;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.TraceParent;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.usecase.RunQueries;
import dev.stepstile.usecase.RunningSteps;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A step as the API shows it. Instants are texts here, for people. */
final class StepView {
    private StepView() {}

    /** A step of a listing. */
    static ObjectNode listed(RunQueries.Step step, Pauses pauses) {
        StepRecord record = step.record();
        ObjectNode node = record == null ? withoutRecord(step) : brief(record);
        if (step.state() == StepState.Name.QUEUED || step.state() == StepState.Name.RETRYING) {
            put(node, "queuedSince", step.since());
            paused(node, pauses.cover(step.spec().id().runId(), step.handler()));
        }
        return node;
    }

    /** A step that waits is paused, or says nothing of it. */
    static void paused(ObjectNode node, boolean paused) {
        if (paused) {
            node.put("paused", true);
        }
    }

    /** A step that is only in its manifest, or whose record is damaged. */
    private static ObjectNode withoutRecord(RunQueries.Step step) {
        String key = step.spec().id().stepKey();
        String damage = step.damage();
        ObjectNode node = damage == null ? unread(key, StepState.Name.QUEUED) : damaged(key, damage);
        node.put("handler", step.spec().settings().handler())
                .put("dispatchId", step.spec().settings().dispatchId());
        put(node, "notBefore", step.spec().settings().window().notBefore());
        put(node, "dispatchDeadline", step.spec().settings().window().deadline());
        return node;
    }

    /** A step whose record does not read as what was written. */
    static ObjectNode damaged(String stepKey, String damage) {
        return unread(stepKey, StepState.Name.UNKNOWN).put("damage", damage);
    }

    private static ObjectNode unread(String stepKey, StepState.Name state) {
        return Json.object().put("key", stepKey).put("state", state.name()).put("attempt", 0);
    }

    /** A step that is running, as its worker shows it. */
    static ObjectNode running(RunningSteps.Running running) {
        Activity activity = running.activity();
        ObjectNode node = Json.object()
                .put("key", running.step().id().stepKey())
                .put("attempt", activity.attempt())
                .put("dispatchId", running.step().dispatchId());
        put(node, "startedAt", activity.since());
        node.put("worker", running.worker().id());
        activity(node, running);
        return node;
    }

    /** What a running step is doing, and until when its worker is believed to run it. */
    static void activity(ObjectNode node, RunningSteps.Running running) {
        Activity activity = running.activity();
        node.put("progress", activity.progress().fraction())
                .put("progressNote", activity.progress().note())
                .put("lastLine", activity.lastLine());
        put(node, "leaseUntil", running.worker().leaseUntil());
        if (running.lost()) {
            node.put("lost", true);
        }
    }

    /** A record without its result and history, for a listing. */
    static ObjectNode brief(StepRecord record) {
        ObjectNode node = Json.object()
                .put("key", record.id().stepKey())
                .put("state", record.state().name().name())
                .put("attempt", record.attempt())
                .put("handler", record.settings().handler())
                .put("dispatchId", record.settings().dispatchId());
        put(node, "startedAt", record.attempts().newest().startedAt());
        switch (record.state()) {
            case StepState.Running running -> {
                put(node, "deadline", running.deadline());
                node.put("worker", record.worker()).put("cancelRequested", running.cancelRequested());
            }
            case StepState.Retrying retrying -> put(node, "notBefore", retrying.notBefore());
            case StepState.Succeeded _ -> {}
            case StepState.Failed failed -> error(node, failed.error());
            case StepState.Dead dead -> {
                error(node, dead.error());
                put(node, "deadLetteredAt", dead.deadLetteredAt());
            }
            case StepState.Cancelled _ -> {}
        }
        if (record.state() instanceof StepState.Ended ended) {
            put(node, "finishedAt", ended.finishedAt());
            record.lastAttemptRan().ifPresent(ran -> node.put("durationSeconds", ran.toMillis() / 1000.0));
        } else if (record.suspect()) {
            node.put("suspect", true);
        }
        return node;
    }

    /**
     * A record with its history and, if that is at most {@code most} bytes, its result; else where the result is.
     *
     * @param room as {@link TransferSize} counts: what it would be over, of the oldest attempts and of the result
     */
    static ObjectNode full(StepRecord record, RunQueries queries, long most, long room) {
        ObjectNode node = brief(record);
        put(node, "dispatchDeadline", record.settings().window().deadline());
        node.put("maxAttempts", record.settings().retry().maxAttempts())
                .put("logPageCount", record.attempts().newest().pages());
        if (record.answered().redrivenBy() != null) {
            node.put("redrivenBy", record.answered().redrivenBy());
        }
        TraceParent trace = Span.contextOf(record);
        if (trace != null) {
            node.put("traceparent", trace.text());
        }
        ArrayNode attempts = node.putArray("attempts");
        record.history().forEach(note -> {
            ObjectNode attempt = attempts.addObject().put("attempt", note.attempt());
            put(attempt, "startedAt", note.startedAt());
            put(attempt, "endedAt", note.endedAt());
            attempt.put("kind", note.cause().name()).put("message", note.message());
        });
        while (!attempts.isEmpty() && TransferSize.bytes(node) > room) {
            attempts.remove(0);
        }
        if (record.state() instanceof StepState.Succeeded(Payload result, Instant _)) {
            long left = room - TransferSize.bytes(node);
            queries.json(result, Math.min(most, left))
                    .filter(json -> result instanceof Payload.Inline || TransferSize.bytes(json) <= left)
                    .ifPresentOrElse(
                            json -> node.putRawValue("result", new RawValue(json)),
                            () -> location(node.putObject("resultLocation"), result));
        }
        return node;
    }

    /** The input of a step, if it is at most half of what an answer holds; else where it is. */
    static void input(ObjectNode node, Payload input, RunQueries queries) {
        long most = Limits.ANSWER_BYTES / 2;
        queries.json(input, most)
                .filter(json -> TransferSize.bytes(json) <= most)
                .ifPresentOrElse(
                        json -> node.putRawValue("input", new RawValue(json)),
                        () -> location(node.putObject("inputLocation"), input));
    }

    private static void location(ObjectNode node, Payload payload) {
        switch (payload) {
            case Payload.Item(String key, long size, String sha256) -> location(node, "TABLE", key, size, sha256);
            case Payload.Stored(String key, long size, String sha256) -> location(node, "PAYLOADS", key, size, sha256);
            case Payload.Inline _ -> throw new IllegalStateException("what is inline is in the answer itself");
        }
    }

    private static void location(ObjectNode node, String store, String key, long size, String sha256) {
        node.put("store", store).put("key", key).put("size", size).put("sha256", sha256);
    }

    private static void error(ObjectNode node, StepError error) {
        node.putObject("error").put("kind", error.kind().name()).put("message", error.message());
    }

    static void put(ObjectNode node, String name, @Nullable Instant at) {
        if (at != null) {
            node.put(name, at.toString());
        }
    }

    /** An entry of a feed. */
    static ObjectNode entry(FeedEntry entry) {
        ObjectNode node = Json.object().put("key", entry.stepKey()).put("attempt", entry.attempt());
        node.put("at", entry.at().toString());
        switch (entry) {
            case FeedEntry.Ended ended -> {
                node.put("state", ended.state().name()).put("logPageCount", ended.pages());
                Payload.Inline result = ended.result();
                if (result != null) {
                    node.putRawValue("result", new RawValue(result.json()));
                }
            }
            case FeedEntry.PageWritten page -> node.put("page", page.page());
        }
        return node;
    }
}
