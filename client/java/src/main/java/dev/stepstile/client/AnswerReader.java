package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The answers of the API as records: the one place that knows the members' names. */
final class AnswerReader {
    private AnswerReader() {}

    /** @param answers of the parts of one dispatch, at least one */
    static DispatchResult dispatched(List<JsonNode> answers) {
        return new DispatchResult(
                answers.getFirst().path("dispatchId").asText(),
                answers.stream()
                        .mapToInt(each -> each.path("acceptedCount").asInt())
                        .sum(),
                answers.stream()
                        .mapToInt(each -> each.path("attachedCount").asInt())
                        .sum(),
                answers.stream().allMatch(each -> each.path("replayed").asBoolean()));
    }

    static RunStatus status(JsonNode node) {
        List<NotificationStatus> notifications = new ArrayList<>();
        node.path("notifications")
                .forEach(each -> notifications.add(new NotificationStatus(
                        each.path("dispatchId").asText(),
                        each.path("state").asText(),
                        each.path("version").asInt(),
                        instant(each.path("closedAt")),
                        each.path("tries").asInt(),
                        instant(each.path("nextTryAt")),
                        each.path("error").textValue())));
        return new RunStatus(
                node.path("runId").asText(),
                instantOrEpoch(node.path("createdAt")),
                node.path("cancelled").asBoolean(),
                node.path("paused").asBoolean(),
                new RunStatus.Steps(
                        node.path("stepCount").asInt(), counts(node.path("counts")), instant(node.path("countedAt"))),
                new RunStatus.Dispatches(
                        node.path("dispatchCount").asInt(),
                        node.path("openDispatchCount").asInt(),
                        notifications));
    }

    /** States that this version does not know are counted together. */
    private static Map<StepStatus, Integer> counts(JsonNode node) {
        Map<StepStatus, Integer> counts = new EnumMap<>(StepStatus.class);
        node.properties()
                .forEach(count -> counts.merge(
                        StepStatus.of(count.getKey()), count.getValue().asInt(), Integer::sum));
        return counts;
    }

    static StepRecord step(JsonNode node) {
        String key = node.path("key").asText();
        List<Attempt> attempts = new ArrayList<>();
        node.path("attempts").forEach(attempt -> attempts.add(attempt(attempt)));
        List<LogPage> pages = new ArrayList<>();
        node.path("logPages").forEach(page -> pages.add(page(key, page)));
        return new StepRecord(
                key,
                node.path("attempt").asInt(),
                new StepRecord.Origin(
                        node.path("handler").asText(),
                        node.path("dispatchId").asText(),
                        node.has("maxAttempts") ? node.path("maxAttempts").asInt() : null,
                        node.path("redrivenBy").textValue(),
                        node.path("traceparent").textValue(),
                        instant(node.path("dispatchDeadline")),
                        input(node)),
                new StepRecord.Times(instant(node.path("startedAt")), duration(node.path("durationSeconds"))),
                state(node, node.path("finishedAt")),
                attempts,
                new StepLog(node.path("logPageCount").asInt(), pages));
    }

    /** @param runId of an entry that does not say it, in the list of one run */
    static RunningStep running(JsonNode node, String runId) {
        return new RunningStep(
                node.path("runId").asText(runId),
                node.path("key").asText(),
                node.path("attempt").asInt(),
                node.path("dispatchId").asText(),
                instantOrEpoch(node.path("startedAt")),
                worker(node),
                progress(node));
    }

    private static RunningStep.Worker worker(JsonNode node) {
        return new RunningStep.Worker(
                node.path("worker").asText(),
                instant(node.path("leaseUntil")),
                node.path("lost").asBoolean());
    }

    private static RunningStep.Progress progress(JsonNode node) {
        return new RunningStep.Progress(
                node.path("progress").asDouble(),
                node.path("progressNote").asText(),
                node.path("lastLine").asText());
    }

    static FeedPage feed(JsonNode node) {
        List<FeedPage.Entry> entries = new ArrayList<>();
        for (JsonNode entry : node.path("entries")) {
            String key = entry.path("key").asText();
            int attempt = entry.path("attempt").asInt();
            if (entry.has("page")) {
                entries.add(
                        new FeedPage.LogWritten(key, attempt, entry.path("page").asInt()));
            } else if (state(entry, entry.path("at")) instanceof StepState.Ended ended) {
                entries.add(new FeedPage.Ended(
                        key, attempt, ended, entry.path("logPageCount").asInt()));
            }
        }
        return new FeedPage(
                entries, node.path("cursor").textValue(), node.path("caughtUp").asBoolean(true));
    }

    static RedriveResult redriven(JsonNode node) {
        return new RedriveResult(
                node.path("redrivenCount").asInt(),
                node.path("replayed").asBoolean(),
                texts(node.path("unknownKeys")),
                texts(node.path("damagedKeys")));
    }

    static FailureGroup failure(JsonNode node) {
        List<FailureGroup.Example> examples = new ArrayList<>();
        node.path("examples")
                .forEach(example -> examples.add(new FailureGroup.Example(
                        example.path("key").asText(),
                        example.path("attempt").asInt(),
                        example.path("message").asText())));
        return new FailureGroup(
                node.path("failure").asText(),
                node.path("handler").asText(),
                error(node),
                counts(node.path("states")),
                instantOrEpoch(node.path("firstAt")),
                instantOrEpoch(node.path("lastAt")),
                examples);
    }

    static StepCancelResult stepsCancelled(JsonNode node) {
        return new StepCancelResult(
                node.path("cancelledCount").asInt(),
                node.path("stoppingCount").asInt(),
                texts(node.path("unknownKeys")),
                node.path("complete").asBoolean());
    }

    static StepPlan plan(JsonNode node) {
        return new StepPlan(
                counts(node.path("counts")),
                texts(node.path("examples")),
                texts(node.path("unknownKeys")),
                node.path("complete").asBoolean());
    }

    static Pause pause(JsonNode node) {
        return new Pause(
                scope(node),
                instantOrEpoch(node.path("pausedAt")),
                node.path("reason").asText());
    }

    /** @param time the member that says when */
    static PauseChange pauseChange(JsonNode node, String time) {
        return new PauseChange(
                scope(node), instant(node.path(time)), node.path("changed").asBoolean());
    }

    private static PauseScope scope(JsonNode node) {
        String scope = node.path("scope").asText();
        return switch (scope) {
            case "all" -> new PauseScope.Everything();
            case "run" -> new PauseScope.OfRun(node.path("runId").asText());
            case "handler" -> new PauseScope.OfHandler(node.path("handler").asText());
            default -> new PauseScope.Unrecognised(scope);
        };
    }

    static AuditReport.Violation violation(JsonNode node) {
        return new AuditReport.Violation(
                node.path("kind").asText(),
                node.path("key").textValue(),
                node.path("dispatchId").textValue(),
                node.path("evidence").asText());
    }

    static DeadLetter deadLetter(JsonNode node) {
        return new DeadLetter(
                node.path("messageId").asText(),
                instantOrEpoch(node.path("sentAt")),
                node.path("receiveCount").asInt(),
                node.has("runId") ? deadStep(node) : null,
                node.path("kind").asText(),
                node.path("message").asText(),
                node.path("body").textValue());
    }

    private static DeadLetter.DeadStep deadStep(JsonNode node) {
        return new DeadLetter.DeadStep(
                node.path("runId").asText(),
                node.path("key").asText(),
                node.path("attempt").asInt(),
                new DeadLetter.Origin(
                        node.path("handler").asText(), node.path("dispatchId").asText()),
                node.has("stepState") ? StepStatus.of(node.path("stepState").asText()) : null,
                node.path("stale").asBoolean(),
                instant(node.path("finishedAt")));
    }

    private static List<String> texts(JsonNode node) {
        return node.valueStream().map(JsonNode::asText).toList();
    }

    private static StepState state(JsonNode node, JsonNode finished) {
        String name = node.path("state").asText();
        Instant finishedAt = instantOrEpoch(finished);
        return switch (StepStatus.of(name)) {
            case QUEUED ->
                new StepState.Queued(
                        instant(node.path("notBefore")),
                        instant(node.path("queuedSince")),
                        node.path("paused").asBoolean());
            case RUNNING ->
                new StepState.Running(
                        worker(node),
                        progress(node),
                        instant(node.path("deadline")),
                        node.path("cancelRequested").asBoolean(),
                        node.path("suspect").asBoolean());
            case RETRYING ->
                new StepState.Retrying(
                        instant(node.path("notBefore")),
                        instant(node.path("queuedSince")),
                        node.path("paused").asBoolean(),
                        node.path("suspect").asBoolean());
            case SUCCEEDED -> new StepState.Succeeded(finishedAt, result(node));
            case FAILED -> new StepState.Failed(finishedAt, error(node.path("error")));
            case DEAD ->
                new StepState.Dead(finishedAt, error(node.path("error")), instant(node.path("deadLetteredAt")));
            case CANCELLED -> new StepState.Cancelled(finishedAt);
            case UNKNOWN -> new StepState.Unknown(node.path("damage").asText());
            case UNRECOGNISED -> new StepState.Unrecognised(name);
        };
    }

    /** {@link Json#answer} has the result as a text. */
    private static StepResult result(JsonNode node) {
        String json = node.path("result").textValue();
        if (json != null) {
            return new StepResult.Value(new JsonValue(json));
        }
        JsonNode location = node.path("resultLocation");
        if (location.isObject()) {
            return new StepResult.Stored(
                    location.path("store").asText(),
                    location.path("key").asText(),
                    location.path("size").asLong(),
                    location.path("sha256").asText());
        }
        return new StepResult.NotIncluded();
    }

    /** {@link Json#answer} has the input as a text. */
    private static StepInput input(JsonNode node) {
        String json = node.path("input").textValue();
        if (json != null) {
            return new StepInput.Value(new JsonValue(json));
        }
        JsonNode location = node.path("inputLocation");
        if (location.isObject()) {
            return new StepInput.Stored(
                    location.path("store").asText(),
                    location.path("key").asText(),
                    location.path("size").asLong(),
                    location.path("sha256").asText());
        }
        return new StepInput.NotIncluded();
    }

    /** Of a node with {@code kind} and {@code message}. */
    private static StepError error(JsonNode node) {
        return new StepError(node.path("kind").asText(), node.path("message").asText());
    }

    private static Attempt attempt(JsonNode node) {
        return new Attempt(
                node.path("attempt").asInt(),
                node.path("kind").asText(),
                node.path("message").asText(),
                instant(node.path("startedAt")),
                instant(node.path("endedAt")));
    }

    private static LogPage page(String key, JsonNode node) {
        return new LogPage(
                key,
                node.path("attempt").asInt(),
                node.path("page").asInt(),
                instantOrEpoch(node.path("at")),
                texts(node.path("lines")));
    }

    private static @Nullable Duration duration(JsonNode seconds) {
        return seconds.isNumber()
                ? Duration.ofNanos(seconds.decimalValue().movePointRight(9).longValue())
                : null;
    }

    private static Instant instantOrEpoch(JsonNode node) {
        Instant instant = instant(node);
        return instant == null ? Instant.EPOCH : instant;
    }

    private static @Nullable Instant instant(JsonNode node) {
        return node.isTextual() ? Instant.parse(node.textValue()) : null;
    }
}
