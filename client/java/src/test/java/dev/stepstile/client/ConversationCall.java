package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A call of a conversation, made by a client. */
record ConversationCall(StepstileClient client, JsonNode told) {
    /** What it returns, in the form of the wire. */
    JsonNode made() {
        String run = text("run");
        return switch (text("call")) {
            case "dispatch" ->
                dispatched(
                        told.has("traceparent")
                                ? client.dispatch(run, dispatch(), trace())
                                : client.dispatch(run, dispatch()));
            case "status" -> WireForm.of(told.path("exact").asBoolean() ? client.exactStatus(run) : client.status(run));
            case "runs" -> list(client.runs(runFilter(run)).map(WireForm::of));
            case "steps" -> list(steps(run).map(WireForm::of));
            case "failures" -> WireForm.of(client.failures(run, filter()));
            case "running" -> list(client.running(run).map(WireForm::of));
            case "runningEverywhere" -> list(runningEverywhere(run).map(WireForm::of));
            case "step" -> step(run).<JsonNode>map(WireForm::of).orElse(Json.MAPPER.nullNode());
            case "lookup" -> {
                ObjectNode found = Json.object();
                client.lookup(run, texts("keys")).forEach((key, step) -> found.set(key, WireForm.of(step)));
                yield found;
            }
            case "result" -> client.result(run, text("key")).tree();
            case "cancel" -> {
                CancelResult cancelled = client.cancel(run);
                yield Json.object()
                        .put("cancelledCount", cancelled.cancelledCount())
                        .put("stoppingCount", cancelled.stoppingCount());
            }
            case "cancelSteps" ->
                told.path("dryRun").asBoolean()
                        ? WireForm.of(client.planCancel(run, texts("keys"), filter()))
                        : WireForm.of(client.cancelSteps(run, texts("keys"), filter()));
            case "planCancel" -> WireForm.of(client.planCancel(run));
            case "redrive" ->
                told.path("dryRun").asBoolean()
                        ? WireForm.of(client.planRedrive(run, redrive()))
                        : redriven(client.redrive(run, redrive()));
            case "pause" -> WireForm.of("pausedAt", client.pause(scope(run), text("reason")));
            case "resume" -> WireForm.of("resumedAt", client.resume(scope(run)));
            case "pauses" -> list(client.pauses().stream().map(WireForm::of));
            case "audit" -> WireForm.of(client.audit(run));
            case "deadLetters" -> deadLetters(selection(run));
            case "redriveDeadLetters" ->
                told.path("dryRun").asBoolean()
                        ? WireForm.of(client.deadLetters().planRedrive(selection(run)))
                        : WireForm.of("deletedCount", client.deadLetters().redrive(selection(run), redrive()));
            case "purgeDeadLetters" ->
                told.path("dryRun").asBoolean()
                        ? WireForm.of(client.deadLetters().planPurge(selection(run)))
                        : WireForm.of("purgedCount", client.deadLetters().purge(selection(run)));
            case "follow" -> list(followed(run));
            default -> throw new IllegalStateException("no such call: " + text("call"));
        };
    }

    /** A letter is sent a moment after its step is seen DEAD, and may be hidden by another call. */
    private JsonNode deadLetters(DeadLetterSelection selection) {
        Instant giveUp = Instant.now().plusSeconds(60);
        DeadLetterList found;
        do {
            found = told.path("body").asBoolean()
                    ? client.deadLetters().listWithBodies(selection)
                    : client.deadLetters().list(selection);
        } while (found.letters().size() < told.path("atLeast").asInt()
                && Instant.now().isBefore(giveUp));
        return list(found.letters().stream().map(WireForm::of));
    }

    private DeadLetterSelection selection(String run) {
        DeadLetterSelection selection = new DeadLetterSelection(
                run, told.path("letterKeys").valueStream().map(JsonNode::asText).toList(), null, null);
        selection = told.has("handler") ? selection.withHandler(text("handler")) : selection;
        return told.has("kind") ? selection.withKind(text("kind")) : selection;
    }

    private Stream<JsonNode> followed(String run) {
        List<JsonNode> events = new ArrayList<>();
        Follower follower = told.path("logs").asBoolean()
                ? client.followWithLogs(run, texts("keys"))
                : client.follow(run, texts("keys"));
        for (RunEvent event : follower) {
            events.add(WireForm.of(event));
        }
        return events.stream();
    }

    private Stream<StepRecord> steps(String run) {
        if (told.has("filter") || told.has("states")) {
            return client.steps(run, filter());
        }
        return told.has("state") ? client.steps(run, StepStatus.valueOf(text("state"))) : client.steps(run);
    }

    /** Of this run alone: those of other tests may run at the same time. */
    private Stream<RunningStep> runningEverywhere(String run) {
        Stream<RunningStep> all = told.has("worker") ? client.runningOn(text("worker")) : client.runningEverywhere();
        return all.filter(
                step -> !told.path("ofRun").asBoolean() || step.runId().equals(run));
    }

    /** With the run's own name as the prefix, if it is to have one. */
    private RunFilter runFilter(String run) {
        JsonNode node = told.path("filter");
        RunFilter filter = node.path("open").asBoolean() ? RunFilter.ALL.openOnly() : RunFilter.ALL;
        filter = node.path("paused").asBoolean() ? filter.pausedOnly() : filter;
        filter = told.path("ofRun").asBoolean() ? filter.withPrefix(run) : filter;
        filter = node.has("prefix") ? filter.withPrefix(node.path("prefix").asText()) : filter;
        return new RunFilter(filter.open(), filter.paused(), filter.prefix(), span(node));
    }

    private StepFilter filter() {
        JsonNode node = told.path("filter");
        JsonNode tag = node.path("tag");
        return new StepFilter(
                texts("states").stream().map(StepStatus::valueOf).collect(Collectors.toSet()),
                node.path("handler").textValue(),
                node.path("kind").textValue(),
                node.path("prefix").textValue(),
                tag.isObject()
                        ? new StepFilter.Tag(
                                tag.path("name").asText(), tag.path("value").asText())
                        : null,
                span(node),
                node.path("failure").textValue());
    }

    private static TimeSpan span(JsonNode node) {
        return new TimeSpan(instant(node.path("since")), instant(node.path("until")));
    }

    private static @Nullable Instant instant(JsonNode node) {
        return node.isTextual() ? Instant.parse(node.textValue()) : null;
    }

    /** Of a handler, everything, or else the run. */
    private PauseScope scope(String run) {
        if (told.path("everything").asBoolean()) {
            return new PauseScope.Everything();
        }
        return told.has("handler") ? new PauseScope.OfHandler(text("handler")) : new PauseScope.OfRun(run);
    }

    private Optional<StepRecord> step(String run) {
        if (told.path("input").asBoolean()) {
            return client.stepWithInput(run, text("key"));
        }
        return told.has("attempt")
                ? client.stepWithLog(run, text("key"), told.path("attempt").asInt())
                : client.step(run, text("key"));
    }

    private Dispatch dispatch() {
        List<Step> steps = told.path("steps")
                .valueStream()
                .map(step -> new Step(
                        step.path("key").asText(),
                        step.has("input") ? JsonValue.of(step.path("input")) : JsonValue.NULL,
                        settings(step),
                        tags(step)))
                .toList();
        Map<String, JsonValue> shared = told.path("sharedInputs").properties().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, input -> JsonValue.of(input.getValue())));
        JsonNode defaults = told.path("defaults");
        return new Dispatch(
                told.path("dispatchId").textValue(),
                told.path("tenant").textValue(),
                steps,
                settings(defaults).withDeadline(moment(told.path("deadline"))),
                tags(defaults),
                shared,
                notifies(told.path("notify")));
    }

    private TraceContext trace() {
        return new TraceContext(text("traceparent"), told.path("tracestate").textValue());
    }

    private static @Nullable NotifyTarget notifies(JsonNode told) {
        return told.has("event")
                ? new NotifyTarget.Event()
                : told.has("webhook")
                        ? new NotifyTarget.Webhook(
                                URI.create(told.path("webhook").path("url").asText()))
                        : null;
    }

    private Redrive redrive() {
        Redrive redrive = told.has("keys") ? Redrive.of(texts("keys")) : Redrive.all();
        JsonNode overrides = told.path("overrides");
        redrive = redrive.withOverrides(settings(overrides)).withFilter(filter());
        if (told.has("redriveId")) {
            redrive = redrive.withId(text("redriveId"));
        }
        return overrides.has("input") ? redrive.withInput(JsonValue.of(overrides.path("input"))) : redrive;
    }

    private static StepSettings settings(JsonNode node) {
        JsonNode retry = node.path("retry");
        return new StepSettings(
                node.path("handler").textValue(),
                node.has("maxAttempts") ? node.path("maxAttempts").asInt() : null,
                seconds(node.path("timeoutSeconds")),
                retry.isObject()
                        ? new Retry(
                                seconds(retry.path("baseSeconds")),
                                seconds(retry.path("capSeconds")),
                                names(retry.path("on")),
                                names(retry.path("never")))
                        : null,
                moment(node.path("notBefore")),
                moment(node.path("deadline")));
    }

    private static @Nullable Moment moment(JsonNode node) {
        Duration delay = seconds(node);
        if (delay != null) {
            return Moment.after(delay);
        }
        return node.isTextual() ? Moment.at(Instant.parse(node.textValue())) : null;
    }

    private static @Nullable List<String> names(JsonNode node) {
        return node.isArray() ? node.valueStream().map(JsonNode::asText).toList() : null;
    }

    private static @Nullable Duration seconds(JsonNode node) {
        return node.isNumber()
                ? Duration.ofMillis(
                        node.decimalValue().multiply(BigDecimal.valueOf(1000)).longValueExact())
                : null;
    }

    private static Map<String, String> tags(JsonNode node) {
        Map<String, String> tags = new TreeMap<>();
        node.path("tags")
                .properties()
                .forEach(tag -> tags.put(tag.getKey(), tag.getValue().asText()));
        return tags;
    }

    private static JsonNode dispatched(DispatchResult result) {
        return Json.object()
                .put("dispatchId", result.dispatchId())
                .put("acceptedCount", result.acceptedCount())
                .put("attachedCount", result.attachedCount())
                .put("replayed", result.replayed());
    }

    private static JsonNode redriven(RedriveResult result) {
        ObjectNode node =
                Json.object().put("redrivenCount", result.redrivenCount()).put("replayed", result.replayed());
        result.unknownKeys().forEach(node.putArray("unknownKeys")::add);
        result.damagedKeys().forEach(node.putArray("damagedKeys")::add);
        return node;
    }

    private static ArrayNode list(Stream<? extends JsonNode> nodes) {
        return Json.MAPPER.createArrayNode().addAll(nodes.toList());
    }

    private String text(String name) {
        return told.path(name).asText();
    }

    private List<String> texts(String name) {
        return told.path(name).valueStream().map(JsonNode::asText).toList();
    }

    /** As the parameters of a request are compared. */
    static String sorted(String request) {
        int query = request.indexOf('?');
        return query < 0
                ? request
                : request.substring(0, query + 1)
                        + Arrays.stream(request.substring(query + 1).split("&", -1))
                                .sorted()
                                .collect(Collectors.joining("&"));
    }

    static @Nullable String parameter(String request, String name) {
        return Arrays.stream(request.replaceFirst("^[^?]*\\??", "").split("&", -1))
                .filter(parameter -> parameter.startsWith(name + "="))
                .map(parameter -> parameter.substring(name.length() + 1))
                .findFirst()
                .orElse(null);
    }
}
