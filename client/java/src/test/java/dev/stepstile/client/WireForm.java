package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a client returns, in the form of the wire; and how a conversation compares it. */
final class WireForm {
    private static final String ANY = "…";
    /** JSON of the caller's own, in which nothing may be left out. */
    private static final Set<String> AS_IT_IS = Set.of("result", "input");

    private WireForm() {}

    static JsonNode of(StepRecord step) {
        ObjectNode node = Json.object()
                .put("key", step.key())
                .put("attempt", step.attempt())
                .put("handler", step.origin().handler())
                .put("dispatchId", step.origin().dispatchId())
                .put("maxAttempts", step.origin().maxAttempts())
                .put("redrivenBy", step.origin().redrivenBy())
                .put("traceparent", step.origin().traceparent())
                .put("dispatchDeadline", text(step.origin().dispatchDeadline()))
                .put("startedAt", text(step.startedAt()))
                .put("durationSeconds", seconds(step.duration()))
                .put("logPageCount", step.log().pageCount());
        state(node, step.state());
        input(node, step.origin().input());
        node.set("attempts", attempts(step.attempts()));
        ArrayNode pages = node.putArray("logPages");
        step.log().pages().forEach(page -> pages.add(page(page)));
        return node;
    }

    static JsonNode of(RunningStep step) {
        ObjectNode node = Json.object()
                .put("runId", step.runId())
                .put("key", step.key())
                .put("attempt", step.attempt())
                .put("dispatchId", step.dispatchId())
                .put("startedAt", text(step.startedAt()));
        doing(node, step.worker(), step.progress());
        return node;
    }

    static JsonNode of(DeadLetter letter) {
        ObjectNode node = Json.object()
                .put("messageId", letter.messageId())
                .put("sentAt", text(letter.sentAt()))
                .put("receiveCount", letter.receiveCount())
                .put("kind", letter.kind())
                .put("message", letter.message())
                .put("unrecognised", letter.step() == null)
                .put("body", letter.body());
        DeadLetter.DeadStep step = letter.step();
        if (step != null) {
            node.put("runId", step.runId())
                    .put("key", step.key())
                    .put("attempt", step.attempt())
                    .put("handler", step.origin().handler())
                    .put("dispatchId", step.origin().dispatchId())
                    .put(
                            "stepState",
                            step.status() == null ? null : step.status().name())
                    .put("stale", step.stale())
                    .put("finishedAt", text(step.finishedAt()));
        }
        return node;
    }

    /** @param deleted what the call calls the letters that are gone */
    static JsonNode of(String deleted, DeadLetterChange change) {
        return Json.object()
                .put("redrivenCount", change.redrivenCount())
                .put(deleted, change.deletedCount())
                .put("leftCount", change.leftCount())
                .put("complete", change.complete());
    }

    static JsonNode of(DeadLetterPlan plan) {
        ObjectNode node = Json.object()
                .put("dryRun", true)
                .put("deletedCount", plan.deletedCount())
                .put("leftCount", plan.leftCount())
                .put("complete", plan.complete());
        plan.counts().forEach(node.putObject("counts")::put);
        plan.examples().forEach(node.putArray("examples")::add);
        return node;
    }

    static JsonNode of(Failures failures) {
        ObjectNode node = Json.object().put("otherCount", failures.otherCount());
        ArrayNode groups = node.putArray("failures");
        failures.groups().forEach(group -> groups.add(of(group)));
        return node;
    }

    static JsonNode of(FailureGroup group) {
        ObjectNode node = Json.object()
                .put("failure", group.failure())
                .put("kind", group.error().kind())
                .put("handler", group.handler())
                .put("message", group.error().message())
                .put("count", group.count())
                .put("firstAt", text(group.firstAt()))
                .put("lastAt", text(group.lastAt()));
        counts(node.putObject("states"), group.states());
        ArrayNode examples = node.putArray("examples");
        group.examples()
                .forEach(example -> examples.addObject()
                        .put("key", example.key())
                        .put("attempt", example.attempt())
                        .put("message", example.message()));
        return node;
    }

    static JsonNode of(StepCancelResult result) {
        ObjectNode node = Json.object()
                .put("cancelledCount", result.cancelledCount())
                .put("stoppingCount", result.stoppingCount())
                .put("complete", result.complete());
        result.unknownKeys().forEach(node.putArray("unknownKeys")::add);
        return node;
    }

    static JsonNode of(StepPlan plan) {
        ObjectNode node = Json.object().put("dryRun", true).put("complete", plan.complete());
        counts(node.putObject("counts"), plan.counts());
        plan.examples().forEach(node.putArray("examples")::add);
        plan.unknownKeys().forEach(node.putArray("unknownKeys")::add);
        return node;
    }

    static JsonNode of(Pause pause) {
        return scope(pause.scope()).put("pausedAt", text(pause.pausedAt())).put("reason", pause.reason());
    }

    /** @param time what the call calls the time */
    static JsonNode of(String time, PauseChange change) {
        return scope(change.scope()).put(time, text(change.at())).put("changed", change.changed());
    }

    private static ObjectNode scope(PauseScope scope) {
        return switch (scope) {
            case PauseScope.Everything() -> Json.object().put("scope", "all");
            case PauseScope.OfRun(String runId) ->
                Json.object().put("scope", "run").put("runId", runId);
            case PauseScope.OfHandler(String handler) ->
                Json.object().put("scope", "handler").put("handler", handler);
            case PauseScope.Unrecognised(String name) -> Json.object().put("scope", name);
        };
    }

    static JsonNode of(AuditReport report) {
        ObjectNode node = Json.object()
                .put("checkedCount", report.checkedCount())
                .put("readCount", report.readCount())
                .put("unreadCount", report.unreadCount());
        ArrayNode violations = node.putArray("violations");
        report.violations()
                .forEach(violation -> violations
                        .addObject()
                        .put("kind", violation.kind())
                        .put("key", violation.key())
                        .put("dispatchId", violation.dispatchId())
                        .put("evidence", violation.evidence()));
        return node;
    }

    static JsonNode of(RunEvent event) {
        return switch (event) {
            case LogPage page -> page(page).put("key", page.key());
            case StepDamaged step ->
                Json.object().put("key", step.key()).put("state", "UNKNOWN").put("damage", step.damage());
            case StepEnded end -> {
                ObjectNode node = Json.object().put("key", end.key()).put("attempt", end.attempt());
                state(node, end.state());
                node.remove(List.of("finishedAt", "deadLetteredAt"));
                node.set("attempts", attempts(end.attempts()));
                yield node;
            }
        };
    }

    static JsonNode of(RunStatus status) {
        ObjectNode node = Json.object()
                .put("runId", status.runId())
                .put("createdAt", text(status.createdAt()))
                .put("cancelled", status.cancelled())
                .put("paused", status.paused())
                .put("dispatchCount", status.dispatches().count())
                .put("openDispatchCount", status.openDispatchCount())
                .put("stepCount", status.stepCount())
                .put("countedAt", text(status.countedAt()));
        counts(node.putObject("counts"), status.counts());
        ArrayNode notifications = node.putArray("notifications");
        for (NotificationStatus each : status.dispatches().notifications()) {
            notifications
                    .addObject()
                    .put("dispatchId", each.dispatchId())
                    .put("state", each.state())
                    .put("version", each.version())
                    .put("closedAt", text(each.closedAt()))
                    .put("tries", each.tries())
                    .put("nextTryAt", text(each.nextTryAt()))
                    .put("error", each.error());
        }
        return node;
    }

    private static void state(ObjectNode node, StepState state) {
        node.put("state", state.status().name());
        if (state instanceof StepState.Ended ended) {
            node.put("finishedAt", text(ended.finishedAt()));
        }
        switch (state) {
            case StepState.Queued queued -> waiting(node, queued);
            case StepState.Running running -> {
                doing(node, running.worker(), running.progress());
                node.put("deadline", text(running.deadline()))
                        .put("cancelRequested", running.cancelRequested())
                        .put("suspect", running.suspect());
            }
            case StepState.Retrying retrying -> {
                waiting(node, retrying);
                node.put("suspect", retrying.suspect());
            }
            case StepState.Succeeded(Instant _, StepResult result) -> result(node, result);
            case StepState.Failed(Instant _, StepError error) -> error(node, error);
            case StepState.Dead(Instant _, StepError error, Instant deadLetteredAt) -> {
                error(node, error);
                node.put("deadLetteredAt", text(deadLetteredAt));
            }
            case StepState.Cancelled(Instant _) -> {}
            case StepState.Unknown(String damage) -> node.put("damage", damage);
            case StepState.Unrecognised(String name) -> node.put("state", name);
        }
    }

    private static void waiting(ObjectNode node, StepState.Waiting waiting) {
        node.put("notBefore", text(waiting.notBefore()))
                .put("queuedSince", text(waiting.queuedSince()))
                .put("paused", waiting.paused());
    }

    private static void counts(ObjectNode node, Map<StepStatus, Integer> counts) {
        counts.forEach((state, count) -> node.put(state.name(), count));
    }

    private static void doing(ObjectNode node, RunningStep.Worker worker, RunningStep.Progress progress) {
        node.put("worker", worker.id())
                .put("leaseUntil", text(worker.leaseUntil()))
                .put("lost", worker.lost())
                .put("progress", progress.fraction())
                .put("progressNote", progress.note())
                .put("lastLine", progress.lastLine());
    }

    private static void result(ObjectNode node, StepResult result) {
        switch (result) {
            case StepResult.Value(JsonValue json) -> node.set("result", json.tree());
            case StepResult.Stored stored ->
                node.putObject("resultLocation")
                        .put("store", stored.store())
                        .put("key", stored.key())
                        .put("size", stored.size())
                        .put("sha256", stored.sha256());
            case StepResult.NotIncluded() -> {}
        }
    }

    private static void input(ObjectNode node, StepInput input) {
        switch (input) {
            case StepInput.Value(JsonValue json) -> node.set("input", json.tree());
            case StepInput.Stored stored ->
                node.putObject("inputLocation")
                        .put("store", stored.store())
                        .put("key", stored.key())
                        .put("size", stored.size())
                        .put("sha256", stored.sha256());
            case StepInput.NotIncluded() -> {}
        }
    }

    private static void error(ObjectNode node, StepError error) {
        node.putObject("error").put("kind", error.kind()).put("message", error.message());
    }

    private static ArrayNode attempts(List<Attempt> attempts) {
        ArrayNode nodes = Json.MAPPER.createArrayNode();
        attempts.forEach(attempt -> nodes.addObject()
                .put("attempt", attempt.number())
                .put("kind", attempt.kind())
                .put("message", attempt.message())
                .put("startedAt", text(attempt.startedAt()))
                .put("endedAt", text(attempt.endedAt())));
        return nodes;
    }

    private static ObjectNode page(LogPage page) {
        ObjectNode node = Json.object()
                .put("attempt", page.attempt())
                .put("page", page.number())
                .put("at", page.at().toString());
        page.lines().forEach(node.putArray("lines")::add);
        return node;
    }

    private static @Nullable BigDecimal seconds(@Nullable Duration duration) {
        return duration == null ? null : BigDecimal.valueOf(duration.toNanos(), 9);
    }

    private static @Nullable String text(@Nullable Instant instant) {
        return instant == null || instant.equals(Instant.EPOCH) ? null : instant.toString();
    }

    /** Without members that say nothing. */
    static JsonNode said(JsonNode value) {
        if (value instanceof ObjectNode object) {
            ObjectNode said = Json.object();
            object.properties().forEach(member -> {
                JsonNode each = AS_IT_IS.contains(member.getKey()) ? member.getValue() : said(member.getValue());
                if (!saysNothing(each)) {
                    said.set(member.getKey(), each);
                }
            });
            return said;
        }
        if (value instanceof ArrayNode array) {
            return Json.MAPPER
                    .createArrayNode()
                    .addAll(array.valueStream().map(WireForm::said).toList());
        }
        return value;
    }

    private static boolean saysNothing(JsonNode value) {
        return value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isNumber() && value.decimalValue().signum() == 0)
                || (value.isTextual() && value.textValue().isEmpty())
                || (value.isContainerNode() && value.isEmpty());
    }

    static boolean matches(JsonNode expected, JsonNode actual) {
        if (expected.asText().equals(ANY) && expected.isTextual()) {
            return !actual.isNull();
        }
        if (expected instanceof ObjectNode object && actual.isObject()) {
            return (object.has(ANY) || object.size() == actual.size())
                    && object.properties().stream()
                            .allMatch(member -> member.getKey().equals(ANY)
                                    || (actual.has(member.getKey())
                                            && matches(member.getValue(), actual.path(member.getKey()))));
        }
        if (expected instanceof ArrayNode array && actual.isArray()) {
            boolean same = array.size() == actual.size();
            for (int i = 0; same && i < array.size(); i++) {
                same = matches(array.path(i), actual.path(i));
            }
            return same;
        }
        return (expected.isNumber() && actual.isNumber())
                ? expected.decimalValue().compareTo(actual.decimalValue()) == 0
                : expected.equals(actual);
    }

    /** Writes out {@code {"repeat": text, "times": number}}. */
    static JsonNode writtenOut(JsonNode value) {
        if (value.isObject() && value.size() == 2 && value.has("repeat") && value.has("times")) {
            return Json.MAPPER
                    .getNodeFactory()
                    .textNode(value.path("repeat")
                            .asText()
                            .repeat(value.path("times").asInt()));
        }
        if (value instanceof ObjectNode object) {
            ObjectNode written = Json.object();
            object.properties().forEach(member -> written.set(member.getKey(), writtenOut(member.getValue())));
            return written;
        }
        if (value instanceof ArrayNode array) {
            return Json.MAPPER
                    .createArrayNode()
                    .addAll(array.valueStream().map(WireForm::writtenOut).toList());
        }
        return value;
    }
}
