package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Answer;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Records;
import dev.stepstile.usecase.Redriver;
import dev.stepstile.usecase.RunCanceller;
import dev.stepstile.usecase.RunQueries;
import dev.stepstile.usecase.Stepstile;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** {@code /v1/runs/{runId}…}: status, steps, feed, lookup, cancel, redrive. */
public final class RunsApi {
    /** Of an answer's bytes, for what surrounds its entries: above all the cursor of a feed. */
    private static final int AROUND_ENTRIES = 100_000;

    /** What a feed's cursor has for a shard: nothing yet, or the position of an entry. */
    private static final Pattern POSITION =
            Pattern.compile("|[0-9]{13}#([^#]{1,24}|#[A-Za-z0-9_-]{22})#[0-9]{1,10}(#[0-9]{1,10})?");

    private final RunQueries queries;
    private final ResultPieces results;
    private final RunCanceller canceller;
    private final Redriver redriver;

    public RunsApi(Stepstile stepstile) {
        this.queries = stepstile.queries();
        this.results = new ResultPieces(queries);
        this.canceller = stepstile.canceller();
        this.redriver = stepstile.redriver();
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
            throw Problem.badRequest(
                    "bad-run-id", "Invalid runId: it must have 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ + = -");
        }
        List<String> rest = path.subList(3, path.size());
        String what = rest.isEmpty() ? "" : rest.getFirst();
        boolean ofResult = rest.equals(List.of("step", "result"));
        if (rest.size() > (what.equals("steps") ? 2 : 1) && !ofResult) {
            throw noSuchCall();
        }
        try {
            return switch (what) {
                case "" -> status(runId, only("GET", call));
                case "steps" ->
                    rest.size() == 1 ? steps(runId, only("GET", call)) : stepByPath(runId, rest.get(1), call);
                case "step" -> {
                    String key = only("GET", call).query().getOrDefault("key", "");
                    yield ofResult ? result(runId, key, call) : step(runId, key, call, "key", "log", "attempt");
                }
                case "feed" -> feed(runId, only("GET", call));
                case "cancel" -> {
                    only("POST", call).takes();
                    body(call, Set.of());
                    yield cancel(runId, deadline);
                }
                case "redrive" -> redrive(runId, only("POST", call), deadline);
                default -> throw noSuchCall();
            };
        } catch (Json.BadJson e) {
            throw Problem.badRequest("bad-json", "Invalid request body: " + e.getMessage() + ".");
        }
    }

    private static Http.Call only(String method, Http.Call call) {
        if (!call.method().equals(method)) {
            throw Problem.otherMethod(method);
        }
        return call;
    }

    private static Problem noSuchCall() {
        return new Problem(
                404,
                "no-such-call",
                "No such call. The calls are GET /v1/runs/{runId}, …/steps, …/step, …/step/result, …/steps/{key}, …/feed; "
                        + "POST …/dispatches, …/steps/lookup, …/cancel, …/redrive.");
    }

    private Answer status(String runId, Http.Call call) throws InterruptedException {
        call.takes("exact", "cursor");
        RunQueries.Counting from = counting(runId, call.query().get("cursor"));
        boolean exact = call.flag("exact") || from != null;
        RunQueries.Status status = (exact ? queries.exactStatus(runId, from) : queries.status(runId))
                .orElseThrow(() -> Problem.noRun(runId));
        ObjectNode body = Json.object()
                .put("runId", runId)
                .put("createdAt", status.run().createdAt().toString())
                .put("cancelled", status.run().cancelled())
                .put("dispatchCount", status.dispatches())
                .put("openDispatchCount", status.openDispatches())
                .put("stepCount", status.steps());
        DispatchCodec.counts(body.putObject("counts"), status.counts());
        StepView.put(body, "countedAt", status.countedAt());
        RunQueries.Counting next = status.next();
        if (next != null) {
            ObjectNode cursor = node(next.from()).put("s", next.since().toEpochMilli());
            DispatchCodec.counts(cursor.putObject("n"), next.counts());
            body.put("cursor", Cursors.write("status", runId, cursor));
        }
        return Answer.json(200, body);
    }

    private Answer steps(String runId, Http.Call call) throws InterruptedException {
        call.takes("state", "limit", "cursor");
        run(runId);
        Page<RunQueries.Step> entries = new Page<>(step -> {
            StepRecord record = step.record();
            return record == null ? StepView.withoutRecord(step) : StepView.brief(record);
        });
        RunQueries.Steps page = queries.steps(
                runId,
                state(call.query().get("state")),
                stepsCursor(runId, call.query().get("cursor")),
                limit(call),
                entries);
        ObjectNode body = Json.object();
        body.set("steps", entries.nodes);
        RunQueries.StepsCursor next = page.next();
        if (next != null) {
            body.put("cursor", Cursors.write("steps", runId, node(next)));
        }
        return Answer.json(200, body);
    }

    private Answer stepByPath(String runId, String stepKey, Http.Call call) {
        if (stepKey.equals("lookup") && call.method().equals("POST")) {
            return lookup(runId, call);
        }
        RequestTarget.refuseWhatNoPathCarries(stepKey);
        return step(runId, stepKey, only("GET", call), "log", "attempt");
    }

    private Answer step(String runId, String stepKey, Http.Call call, String... parameters) {
        call.takes(parameters);
        boolean log = call.flag("log");
        String attempt = call.query().get("attempt");
        if (attempt != null && (!log || number("attempt", attempt) < 1)) {
            throw Problem.badRequest("bad-attempt", "'attempt' must be at least 1, and is allowed only with log=true.");
        }
        StepRecord record = record(runId, stepKey);
        ObjectNode printed = Json.object();
        if (log) {
            ArrayNode pages = printed.putArray("logPages");
            for (LogPage page : queries.log(record, attempt == null ? record.attempt() : number("attempt", attempt))) {
                ObjectNode node =
                        pages.addObject().put("attempt", page.attempt()).put("page", page.number());
                node.put("at", page.at().toString());
                page.lines().forEach(node.putArray("lines")::add);
            }
        }
        long room = Limits.ANSWER_BYTES - TransferSize.bytes(printed);
        return Answer.json(200, StepView.full(record, queries, room, room).setAll(printed));
    }

    private Answer result(String runId, String stepKey, Http.Call call) {
        call.takes("key", "offset");
        return results.piece(record(runId, stepKey), call.query().get("offset"));
    }

    private StepRecord record(String runId, String stepKey) {
        StepKeyValidation.refuse("key", stepKey);
        return queries.step(run(runId), stepKey)
                .orElseThrow(
                        () -> new Problem(
                                404,
                                "step-not-started",
                                "Step '" + stepKey
                                        + "' has not started: it is queued, or the run has no such step. GET …/steps lists them."));
    }

    private Answer feed(String runId, Http.Call call) throws InterruptedException {
        call.takes("cursor", "limit");
        Run run = run(runId);
        Page<FeedEntry> entries = new Page<>(RunsApi::node);
        RunQueries.Feed feed = queries.feed(run, positions(run, call.query().get("cursor")), limit(call), entries);
        ObjectNode body = Json.object();
        body.set("entries", entries.nodes);
        ObjectNode cursor = Json.object();
        ArrayNode positions = cursor.putArray("p");
        feed.positions().forEach(positions::add);
        body.put("cursor", Cursors.write("feed", runId, cursor)).put("caughtUp", feed.caughtUp());
        return Answer.json(200, body);
    }

    private static ObjectNode node(FeedEntry entry) {
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

    /** Entries of an answer, for as long as it can be sent with them. */
    private static final class Page<T> implements Predicate<T> {
        private final ArrayNode nodes = Json.MAPPER.createArrayNode();
        private final Function<T, ObjectNode> view;
        private long room = Limits.ANSWER_BYTES - AROUND_ENTRIES;

        Page(Function<T, ObjectNode> view) {
            this.view = view;
        }

        @Override
        public boolean test(T entry) {
            ObjectNode node = view.apply(entry);
            room -= TransferSize.bytes(node) + 1;
            boolean fits = room >= 0;
            if (fits) {
                nodes.add(node);
            }
            return fits;
        }
    }

    private Answer lookup(String runId, Http.Call call) {
        call.takes();
        JsonNode asked = body(call, Set.of("keys"));
        List<String> keys = keys(asked);
        if (keys.isEmpty() || keys.size() > Limits.LOOKUP_KEYS) {
            throw Problem.badRequest(
                    "bad-keys",
                    "'keys' must have 1 to " + Limits.LOOKUP_KEYS + " step keys; look up more in several calls.");
        }
        Records found = queries.lookup(run(runId), keys);
        ObjectNode body = Json.object();
        ArrayNode entries = body.putArray("entries");
        ArrayNode absent = body.putArray("absentKeys");
        long room = Limits.ANSWER_BYTES - AROUND_ENTRIES;
        int left = keys.size();
        for (String key : keys) {
            long share = room / left--;
            StepRecord record = found.of(key);
            String damage = found.damaged().get(key);
            if (damage != null) {
                ObjectNode entry = StepView.damaged(key, damage);
                room -= TransferSize.bytes(entry) + 1;
                entries.add(entry);
            } else if (record == null) {
                absent.add(key);
                room -= TransferSize.bytes(key) + 5;
            } else {
                ObjectNode entry = StepView.full(record, queries, Limits.ITEM_BYTES, share);
                room -= TransferSize.bytes(entry) + 1;
                entries.add(entry);
            }
        }
        return Answer.json(200, body);
    }

    private Answer cancel(String runId, Instant deadline) throws InterruptedException {
        SortedMap<StepState.Name, Integer> counts =
                canceller.cancel(runId, deadline).orElseThrow(() -> Problem.noRun(runId));
        return Answer.json(
                200,
                Json.object()
                        .put("cancelledCount", counts.getOrDefault(StepState.Name.CANCELLED, 0))
                        .put("stoppingCount", counts.getOrDefault(StepState.Name.RUNNING, 0)));
    }

    private Answer redrive(String runId, Http.Call call, Instant deadline) throws InterruptedException {
        call.takes();
        JsonNode body = body(call, Set.of("states", "keys", "overrides", "redriveId"));
        List<String> keys = keys(body);
        Redriver.Request request = new Redriver.Request(
                redrivable(body, !keys.isEmpty()),
                new TreeSet<>(keys),
                OverridesJson.read(body),
                OverridesJson.input(body, !keys.isEmpty()),
                redriveId(body));
        return switch (redriver.redrive(run(runId), request, deadline)) {
            case Redriver.Answer.Redriven(
                    int redriven,
                    List<String> unknown,
                    List<String> damaged,
                    boolean replayed) -> {
                ObjectNode node = Json.object().put("redrivenCount", redriven).put("replayed", replayed);
                unknown.forEach(node.putArray("unknownKeys")::add);
                if (!damaged.isEmpty()) {
                    damaged.forEach(node.putArray("damagedKeys")::add);
                }
                yield Answer.json(200, node);
            }
            case Redriver.Answer.Conflict(String redriveId) ->
                throw new Problem(
                        409,
                        "redrive-conflict",
                        "Redrive '" + redriveId
                                + "' exists with other content; use another redriveId for other content.");
        };
    }

    /** The states that are redriven: those that are named or, without any, those that the caller can mean. */
    private static Set<StepState.Name> redrivable(JsonNode body, boolean hasKeys) {
        Set<StepState.Name> states = new TreeSet<>();
        for (String name : texts(body, "states", "bad-state")) {
            StepState.Name state = Objects.requireNonNull(state(name));
            if (!StepState.REDRIVABLE.contains(state)) {
                throw Problem.badRequest(
                        "bad-state",
                        "State " + state + " cannot be redriven; 'states' may have FAILED, DEAD and CANCELLED.");
            }
            states.add(state);
        }
        if (states.isEmpty()) {
            states.addAll(List.of(StepState.Name.FAILED, StepState.Name.DEAD));
            if (hasKeys) {
                states.add(StepState.Name.CANCELLED);
            }
        }
        return states;
    }

    private static @Nullable String redriveId(JsonNode body) {
        if (!body.hasNonNull("redriveId")) {
            return null;
        }
        String id = body.path("redriveId").textValue();
        if (id == null || !Limits.isDispatchId(id)) {
            throw Problem.badRequest(
                    "bad-redrive-id",
                    "Invalid redriveId: it must have 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ + = -");
        }
        return id;
    }

    private Run run(String runId) {
        return queries.run(runId).orElseThrow(() -> Problem.noRun(runId));
    }

    private static JsonNode body(Http.Call call, Set<String> names) {
        String text = call.body();
        TransferSize.refuseTooLarge(text);
        JsonNode body = text == null || text.isBlank() ? Json.object() : Json.parse(text);
        if (!body.isObject()) {
            throw Problem.badRequest("bad-json", "The request body must be a JSON object.");
        }
        DispatchApi.known(body, "the request body", names);
        return body;
    }

    /** A list of texts; empty if there is none. One that is there and empty is refused: it never means "all". */
    private static List<String> texts(JsonNode body, String name, String problem) {
        JsonNode list = body.path(name);
        List<String> texts = new ArrayList<>();
        if (list.isMissingNode() || list.isNull()) {
            return texts;
        }
        for (JsonNode text : list) {
            if (text.isTextual()) {
                texts.add(text.textValue());
            }
        }
        if (!list.isArray() || texts.size() < list.size() || texts.isEmpty()) {
            throw Problem.badRequest(
                    problem,
                    "'" + name + "' must be a list of at least one string; omit it if there is nothing to list.");
        }
        return texts;
    }

    private static List<String> keys(JsonNode body) {
        List<String> keys = texts(body, "keys", "bad-keys");
        for (int i = 0; i < keys.size(); i++) {
            StepKeyValidation.refuse("keys[" + i + "]", keys.get(i));
        }
        return keys.stream().distinct().toList();
    }

    private static StepState.@Nullable Name state(@Nullable String text) {
        if (text == null) {
            return null;
        }
        for (StepState.Name name : StepState.Name.values()) {
            if (name.name().equals(text)) {
                return name;
            }
        }
        throw Problem.badRequest(
                "bad-state", "No such state. The states are " + List.of(StepState.Name.values()) + ".");
    }

    private static int limit(Http.Call call) {
        String text = call.query().get("limit");
        int limit = text == null ? 100 : number("limit", text);
        if (limit < 1 || limit > Limits.PAGE) {
            throw Problem.badRequest("bad-limit", "'limit' must be from 1 to " + Limits.PAGE + ".");
        }
        return limit;
    }

    private static int number(String name, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw Problem.badRequest("bad-" + name, "'" + name + "' must be a whole number.");
        }
    }

    private static ObjectNode node(RunQueries.StepsCursor at) {
        return Json.object()
                .put("c", at.createdAt().toEpochMilli())
                .put("d", at.dispatchId())
                .put("i", at.index());
    }

    private static RunQueries.@Nullable StepsCursor stepsCursor(String runId, @Nullable String text) {
        return text == null || text.isEmpty() ? null : stepsCursor(Cursors.read("steps", runId, text));
    }

    private static RunQueries.StepsCursor stepsCursor(JsonNode node) {
        try {
            int index = Json.integer(node, "i");
            if (index >= 0) {
                return new RunQueries.StepsCursor(Json.instant(node, "c"), Json.text(node, "d"), index);
            }
        } catch (Json.BadJson | DateTimeException e) {
            throw Cursors.bad();
        }
        throw Cursors.bad();
    }

    private static RunQueries.@Nullable Counting counting(String runId, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        JsonNode node = Cursors.read("status", runId, text);
        RunQueries.StepsCursor from = stepsCursor(node);
        try {
            return new RunQueries.Counting(from, DispatchCodec.counts(node.path("n")), Json.instant(node, "s"));
        } catch (Json.BadJson | IllegalArgumentException | DateTimeException e) {
            throw Cursors.bad();
        }
    }

    private static List<String> positions(Run run, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            return List.of();
        }
        List<String> positions = new ArrayList<>();
        for (JsonNode position : Cursors.read("feed", run.runId(), text).path("p")) {
            String at = position.asText();
            if (!position.isTextual() || !POSITION.matcher(at).matches()) {
                throw Cursors.bad();
            }
            positions.add(at);
        }
        if (positions.size() != run.shards()) {
            throw Cursors.bad();
        }
        return positions;
    }
}
