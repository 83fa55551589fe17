package dev.stepstile.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.stepstile.protocol.Cancelling;
import dev.stepstile.protocol.Redriving;
import dev.stepstile.protocol.RunQueries;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.store.FeedEntry;
import dev.stepstile.store.LogPage;
import dev.stepstile.wire.Http.Answer;
import dev.stepstile.wire.Http.Problem;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** {@code /v1/runs/{runId}…}: status, steps, feed, lookup, cancel, redrive. */
public final class RunsApi {
    /** Of one answer: Lambda's 6 MB, less the rest of the answer and its escaping. */
    private static final long RESULT_IN_ANSWER = 4L * 1024 * 1024;

    private static final Set<StepState.Name> REDRIVABLE =
            Set.of(StepState.Name.FAILED, StepState.Name.DEAD, StepState.Name.CANCELLED);

    private final RunQueries queries;
    private final Cancelling cancelling;
    private final Redriving redriving;

    public RunsApi(RunQueries queries, Cancelling cancelling, Redriving redriving) {
        this.queries = queries;
        this.cancelling = cancelling;
        this.redriving = redriving;
    }

    /**
     * @param deadline when a cancel leaves the rest to the sweeper
     * @throws Problem with what is wrong, and what to do instead
     */
    public Answer answer(Http.Call call, Instant deadline) throws InterruptedException {
        List<String> path = call.path();
        if (path.size() < 3 || !path.get(0).equals("v1") || !path.get(1).equals("runs")) {
            throw noSuchCall();
        }
        String runId = path.get(2);
        if (!Limits.isRunId(runId)) {
            throw Problem.badRequest("bad-run-id", "A runId is 1 to 128 of A-Z a-z 0-9 . _ : ~ @ + = -");
        }
        String what = call.method() + " " + String.join("/", path.subList(3, Math.min(4, path.size())));
        try {
            return switch (what) {
                case "GET " -> status(runId, call);
                case "GET steps" -> path.size() == 4 ? steps(runId, call) : step(runId, path.get(4), call);
                case "GET feed" -> feed(runId, call);
                case "POST steps" -> lookup(runId, call);
                case "POST cancel" -> cancel(runId, deadline);
                case "POST redrive" -> redrive(runId, call, deadline);
                default -> throw noSuchCall();
            };
        } catch (Json.BadJson e) {
            throw Problem.badRequest("bad-json", "The body is " + e.getMessage() + ".");
        }
    }

    private static Problem noSuchCall() {
        return new Problem(
                404,
                "no-such-call",
                "Known: GET /v1/runs/{runId}, …/steps, …/steps/{stepKey}, …/feed; "
                        + "POST …/dispatches, …/steps/lookup, …/cancel, …/redrive.");
    }

    private Answer status(String runId, Http.Call call) throws InterruptedException {
        boolean exact = Boolean.parseBoolean(call.query().get("exact"));
        RunQueries.Status status = queries.status(runId, exact).orElseThrow(() -> Problem.noRun(runId));
        ObjectNode body = Json.object()
                .put("runId", runId)
                .put("createdAt", status.run().createdAt().toString())
                .put("cancelled", status.run().cancelled())
                .put("dispatches", status.dispatches())
                .put("openDispatches", status.openDispatches())
                .put("steps", status.steps());
        DispatchCodec.counts(body.putObject("counts"), status.counts());
        put(body, "countedAt", status.countedAt());
        return Answer.json(200, body);
    }

    private Answer steps(String runId, Http.Call call) throws InterruptedException {
        run(runId);
        RunQueries.Steps page = queries.steps(
                runId,
                state(call.query().get("state")),
                stepsCursor(call.query().get("cursor")),
                limit(call));
        ObjectNode body = Json.object();
        ArrayNode steps = body.putArray("steps");
        for (RunQueries.Step step : page.steps()) {
            StepRecord record = step.record();
            steps.add(record == null ? queued(step) : brief(record));
        }
        RunQueries.StepsCursor next = page.next();
        if (next != null) {
            body.put("cursor", cursor(Json.object().put("d", next.dispatchId()).put("i", next.index())));
        }
        return Answer.json(200, body);
    }

    private Answer step(String runId, String stepKey, Http.Call call) {
        Run run = run(runId);
        StepRecord record = queries.step(run, stepKey)
                .orElseThrow(() -> new Problem(
                        404,
                        "step-not-started",
                        "Step '" + stepKey
                                + "' has no record: it is queued, or the run has no such step (GET …/steps tells)."));
        ObjectNode body = full(record, RESULT_IN_ANSWER);
        if (Boolean.parseBoolean(call.query().get("log"))) {
            String attempt = call.query().get("attempt");
            ArrayNode pages = body.putArray("log");
            for (LogPage page : queries.log(record, attempt == null ? record.attempt() : number("attempt", attempt))) {
                ObjectNode node =
                        pages.addObject().put("attempt", page.attempt()).put("page", page.number());
                node.put("at", page.at().toString());
                page.lines().forEach(node.putArray("lines")::add);
            }
        }
        return Answer.json(200, body);
    }

    private Answer feed(String runId, Http.Call call) throws InterruptedException {
        Run run = run(runId);
        RunQueries.Feed feed = queries.feed(run, positions(run, call.query().get("cursor")), limit(call));
        ObjectNode body = Json.object();
        ArrayNode entries = body.putArray("entries");
        for (FeedEntry entry : feed.entries()) {
            ObjectNode node =
                    entries.addObject().put("stepKey", entry.stepKey()).put("attempt", entry.attempt());
            node.put("at", entry.at().toString());
            switch (entry) {
                case FeedEntry.Ended ended -> {
                    node.put("state", ended.state().name()).put("logPages", ended.pages());
                    Payload.Inline result = ended.result();
                    if (result != null) {
                        node.putRawValue("result", new RawValue(result.json()));
                    }
                }
                case FeedEntry.PageWritten page -> node.put("logPage", page.page());
            }
        }
        ObjectNode cursor = Json.object();
        ArrayNode positions = cursor.putArray("p");
        feed.positions().forEach(positions::add);
        body.put("cursor", cursor(cursor)).put("caughtUp", feed.caughtUp());
        return Answer.json(200, body);
    }

    private Answer lookup(String runId, Http.Call call) {
        if (call.path().size() != 5 || !call.path().get(4).equals("lookup")) {
            throw noSuchCall();
        }
        List<String> keys = keys(body(call));
        if (keys.isEmpty() || keys.size() > Limits.LOOKUP_KEYS) {
            throw Problem.badRequest(
                    "bad-keys",
                    "'keys' is a list of 1 to " + Limits.LOOKUP_KEYS + " step keys; ask for more in several calls.");
        }
        Map<String, StepRecord> found = new HashMap<>();
        queries.lookup(run(runId), keys).forEach(record -> found.put(record.id().stepKey(), record));
        ObjectNode body = Json.object();
        ArrayNode entries = body.putArray("entries");
        ArrayNode absent = body.putArray("absent");
        long room = RESULT_IN_ANSWER;
        for (String key : keys) {
            StepRecord record = found.get(key);
            if (record == null) {
                absent.add(key);
            } else {
                ObjectNode entry = full(record, Math.min(room, Limits.ITEM_BYTES));
                room -= Json.print(entry).length();
                entries.add(entry);
            }
        }
        return Answer.json(200, body);
    }

    private Answer cancel(String runId, Instant deadline) throws InterruptedException {
        SortedMap<StepState.Name, Integer> counts =
                cancelling.cancel(runId, deadline).orElseThrow(() -> Problem.noRun(runId));
        return Answer.json(
                200,
                Json.object()
                        .put("cancelled", counts.getOrDefault(StepState.Name.CANCELLED, 0))
                        .put("stopping", counts.getOrDefault(StepState.Name.RUNNING, 0)));
    }

    private Answer redrive(String runId, Http.Call call, Instant deadline) throws InterruptedException {
        JsonNode body = call.body() == null || call.body().isBlank() ? Json.object() : body(call);
        Set<StepState.Name> states = new TreeSet<>();
        for (JsonNode name : body.path("states")) {
            StepState.Name state = state(name.asText());
            if (state == null || !REDRIVABLE.contains(state)) {
                throw Problem.badRequest(
                        "bad-state", "'" + name.asText() + "' cannot be redriven; FAILED, DEAD and CANCELLED can.");
            }
            states.add(state);
        }
        if (states.isEmpty()) {
            states.addAll(List.of(StepState.Name.FAILED, StepState.Name.DEAD));
            if (!body.path("keys").isEmpty()) {
                states.add(StepState.Name.CANCELLED);
            }
        }
        int redriven = redriving.redrive(run(runId), states, new TreeSet<>(keys(body)), deadline);
        return Answer.json(200, Json.object().put("redriven", redriven));
    }

    private Run run(String runId) {
        return queries.run(runId).orElseThrow(() -> Problem.noRun(runId));
    }

    private static JsonNode body(Http.Call call) {
        String body = call.body();
        if (body == null || body.isBlank()) {
            throw Problem.badRequest("bad-json", "The body is empty, where a JSON object was expected.");
        }
        return Json.parse(body);
    }

    private static List<String> keys(JsonNode body) {
        List<String> keys = new ArrayList<>();
        body.path("keys").forEach(key -> keys.add(key.asText()));
        for (String key : keys) {
            if (!Limits.isStepKey(key)) {
                throw Problem.badRequest("bad-step-key", "'keys' has one that no step can have.");
            }
        }
        return keys.stream().distinct().toList();
    }

    private static StepState.@Nullable Name state(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        for (StepState.Name name : StepState.Name.values()) {
            if (name.name().equalsIgnoreCase(text)) {
                return name;
            }
        }
        throw Problem.badRequest(
                "bad-state", "'" + text + "' is no state; states are " + List.of(StepState.Name.values()) + ".");
    }

    private static int limit(Http.Call call) {
        String text = call.query().get("limit");
        int limit = text == null ? 100 : number("limit", text);
        if (limit < 1 || limit > Limits.PAGE) {
            throw Problem.badRequest("bad-limit", "'limit' is 1 to " + Limits.PAGE + ".");
        }
        return limit;
    }

    private static int number(String name, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw Problem.badRequest("bad-" + name, "'" + name + "' is not a number.");
        }
    }

    private static String cursor(ObjectNode node) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(Json.print(node).getBytes(StandardCharsets.UTF_8));
    }

    private static JsonNode cursor(String text) {
        try {
            return Json.parse(new String(Base64.getUrlDecoder().decode(text), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException | Json.BadJson e) {
            throw badCursor();
        }
    }

    private static Problem badCursor() {
        return Problem.badRequest("bad-cursor", "The cursor is not one of this call; start without one.");
    }

    private static RunQueries.@Nullable StepsCursor stepsCursor(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        JsonNode node = cursor(text);
        if (!node.path("d").isTextual()
                || !node.path("i").isInt()
                || node.path("i").intValue() < 0) {
            throw badCursor();
        }
        return new RunQueries.StepsCursor(
                node.path("d").textValue(), node.path("i").intValue());
    }

    private static List<String> positions(Run run, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            return List.of();
        }
        List<String> positions = new ArrayList<>();
        cursor(text).path("p").forEach(position -> positions.add(position.asText()));
        if (positions.size() != run.shards()) {
            throw badCursor();
        }
        return positions;
    }

    private static ObjectNode queued(RunQueries.Step step) {
        return Json.object()
                .put("stepKey", step.spec().id().stepKey())
                .put("state", StepState.Name.QUEUED.name())
                .put("attempt", 0)
                .put("handler", step.spec().pinned().handler())
                .put("dispatchId", step.spec().pinned().dispatchId());
    }

    private static ObjectNode brief(StepRecord record) {
        ObjectNode node = Json.object()
                .put("stepKey", record.id().stepKey())
                .put("state", record.state().name().name())
                .put("attempt", record.attempt())
                .put("handler", record.pinned().handler())
                .put("dispatchId", record.pinned().dispatchId());
        put(node, "startedAt", record.startedAt());
        switch (record.state()) {
            case StepState.Running running -> {
                put(node, "leaseUntil", running.leaseUntil());
                node.put("cancelRequested", running.cancelRequested());
                node.put("progress", running.progress().fraction())
                        .put("progressNote", running.progress().note());
            }
            case StepState.Retrying retrying -> put(node, "notBefore", retrying.notBefore());
            case StepState.Succeeded succeeded -> {}
            case StepState.Failed failed -> error(node, failed.error());
            case StepState.Dead dead -> {
                error(node, dead.error());
                put(node, "buriedAt", dead.buriedAt());
            }
            case StepState.Cancelled cancelled -> {}
        }
        if (record.state() instanceof StepState.Ended ended) {
            put(node, "finishedAt", ended.finishedAt());
        }
        return node;
    }

    private ObjectNode full(StepRecord record, long most) {
        ObjectNode node = brief(record);
        node.put("maxAttempts", record.pinned().retry().maxAttempts()).put("logPages", record.pages());
        if (record.state() instanceof StepState.Succeeded(Payload result, Instant at)) {
            queries.json(result, most)
                    .ifPresentOrElse(
                            json -> node.putRawValue("result", new RawValue(json)),
                            () -> node.set("resultStored", PayloadJson.write(result)));
        }
        ArrayNode attempts = node.putArray("attempts");
        record.history().forEach(note -> {
            ObjectNode attempt = attempts.addObject().put("attempt", note.attempt());
            put(attempt, "startedAt", note.startedAt());
            put(attempt, "endedAt", note.endedAt());
            attempt.put("cause", note.cause().name()).put("message", note.message());
        });
        return node;
    }

    private static void error(ObjectNode node, StepError error) {
        node.putObject("error").put("kind", error.kind().name()).put("message", error.message());
    }

    private static void put(ObjectNode node, String name, @Nullable Instant at) {
        if (at != null) {
            node.put(name, at.toString());
        }
    }
}
