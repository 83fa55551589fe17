package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a client returns, in the form of the wire; and how a conversation compares it. */
final class WireForm {
    private static final String ANY = "…";

    private WireForm() {}

    static JsonNode of(StepRecord step) {
        ObjectNode node = Json.object()
                .put("key", step.key())
                .put("attempt", step.attempt())
                .put("handler", step.origin().handler())
                .put("dispatchId", step.origin().dispatchId())
                .put("maxAttempts", step.origin().maxAttempts())
                .put("redrivenBy", step.origin().redrivenBy())
                .put("dispatchDeadline", text(step.origin().dispatchDeadline()))
                .put("startedAt", text(step.startedAt()))
                .put("logPageCount", step.log().pageCount());
        state(node, step.state());
        node.set("attempts", attempts(step.attempts()));
        ArrayNode pages = node.putArray("logPages");
        step.log().pages().forEach(page -> pages.add(page(page)));
        return node;
    }

    static JsonNode of(RunningStep step) {
        ObjectNode node = Json.object()
                .put("key", step.key())
                .put("attempt", step.attempt())
                .put("dispatchId", step.dispatchId())
                .put("startedAt", text(step.startedAt()));
        doing(node, step.worker(), step.progress(), step.lastLine());
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
                .put("leftCount", plan.leftCount())
                .put("complete", plan.complete());
        plan.counts().forEach(node.putObject("counts")::put);
        plan.examples().forEach(node.putArray("examples")::add);
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
                .put("dispatchCount", status.dispatches().count())
                .put("openDispatchCount", status.openDispatchCount())
                .put("stepCount", status.stepCount())
                .put("countedAt", text(status.countedAt()));
        ObjectNode counts = node.putObject("counts");
        status.counts().forEach((state, count) -> counts.put(state.name(), count));
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
            case StepState.Queued(Instant notBefore) -> node.put("notBefore", text(notBefore));
            case StepState.Running running -> {
                doing(node, running.worker(), running.progress(), running.lastLine());
                node.put("deadline", text(running.deadline()))
                        .put("cancelRequested", running.cancelRequested())
                        .put("suspect", running.suspect());
            }
            case StepState.Retrying(Instant notBefore, boolean suspect) ->
                node.put("notBefore", text(notBefore)).put("suspect", suspect);
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

    private static void doing(
            ObjectNode node, RunningStep.Worker worker, RunningStep.Progress progress, String lastLine) {
        node.put("worker", worker.id())
                .put("leaseUntil", text(worker.leaseUntil()))
                .put("lost", worker.lost())
                .put("progress", progress.fraction())
                .put("progressNote", progress.note())
                .put("lastLine", lastLine);
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

    private static @Nullable String text(@Nullable Instant instant) {
        return instant == null || instant.equals(Instant.EPOCH) ? null : instant.toString();
    }

    /** Without members that say nothing. */
    static JsonNode said(JsonNode value) {
        if (value instanceof ObjectNode object) {
            ObjectNode said = Json.object();
            object.properties().forEach(member -> {
                JsonNode each = member.getKey().equals("result") ? member.getValue() : said(member.getValue());
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
