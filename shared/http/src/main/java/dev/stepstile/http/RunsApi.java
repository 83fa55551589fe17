package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Answer;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Pauses;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.PauseControl;
import dev.stepstile.usecase.Records;
import dev.stepstile.usecase.Redriver;
import dev.stepstile.usecase.RunQueries;
import dev.stepstile.usecase.RunningSteps;
import dev.stepstile.usecase.SelectedSteps;
import dev.stepstile.usecase.StepFilter;
import dev.stepstile.usecase.Stepstile;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** Runs, {@code /v1/runs…}; of all of them {@code /v1/running} and {@code /v1/audit}; pauses, and {@code /v1/dead-letters…}. */
public final class RunsApi {
    private final RunQueries queries;
    private final RunListApi lists;
    private final ResultPieces results;
    private final AuditApi audit;
    private final CancelApi cancel;
    private final SelectedSteps selected;
    private final Redriver redriver;
    private final DeadLettersApi deadLetters;
    private final PauseControl pauseControl;
    private final PausesApi pauses;

    public RunsApi(Stepstile stepstile) {
        this.queries = stepstile.queries();
        this.results = new ResultPieces(queries);
        this.audit = new AuditApi(stepstile);
        this.cancel = new CancelApi(stepstile);
        this.selected = stepstile.selectedSteps();
        this.redriver = stepstile.redriver();
        this.deadLetters = new DeadLettersApi(stepstile.deadLetters());
        this.pauseControl = stepstile.pauses();
        this.pauses = new PausesApi(pauseControl, queries);
        this.lists = new RunListApi(queries, pauseControl);
    }

    /**
     * @param deadline when a cancel leaves the rest to the sweeper
     * @throws Problem with what is wrong, and what to do instead
     */
    public Answer answer(Http.Call call, Instant deadline) throws InterruptedException {
        List<String> path = call.path();
        if (path.size() < 3 || !path.get(0).equals("v1") || !path.get(1).equals("runs")) {
            return answerOfNoRun(path, call, deadline);
        }
        String runId = Parameters.runId(path.get(2));
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
                    yield ofResult
                            ? result(runId, key, call)
                            : step(runId, key, call, "key", "log", "attempt", "input");
                }
                case "running" -> running(runId, only("GET", call));
                case "failures" -> failures(runId, only("GET", call));
                case "feed" -> feed(runId, only("GET", call));
                case "audit" -> audit.answer(runId, only("GET", call));
                case "cancel" -> cancel.cancel(runId, only("POST", call), deadline);
                case "redrive" -> redrive(runId, only("POST", call), deadline);
                case "pause" -> pauses.pauseRun(runId, only("POST", call));
                case "resume" -> pauses.resumeRun(runId, only("POST", call));
                default -> throw noSuchCall();
            };
        } catch (Json.BadJson e) {
            throw Problem.badRequest("bad-json", "Invalid request body: " + e.getMessage() + ".");
        }
    }

    /** A call that concerns no single run. */
    private Answer answerOfNoRun(List<String> path, Http.Call call, Instant deadline) throws InterruptedException {
        if (path.size() >= 2 && path.subList(0, 2).equals(List.of("v1", "dead-letters"))) {
            return deadLetters.answer(path.subList(2, path.size()), call, deadline);
        }
        return switch (String.join("/", path)) {
            case "v1/runs" -> lists.runs(only("GET", call));
            case "v1/running" -> lists.running(only("GET", call));
            case "v1/audit" -> audit.ofAll(only("POST", call), deadline);
            case "v1/pause" -> pauses.pause(only("POST", call));
            case "v1/resume" -> pauses.resume(only("POST", call));
            case "v1/pauses" -> pauses.list(only("GET", call));
            default -> throw noSuchCall();
        };
    }

    static Http.Call only(String method, Http.Call call) {
        if (!call.method().equals(method)) {
            throw Problem.otherMethod(method);
        }
        return call;
    }

    static Problem noSuchCall() {
        return new Problem(
                404,
                "no-such-call",
                "No such call. The calls are GET /v1/runs, /v1/running, /v1/runs/{runId}, …/steps, …/failures, …/step, "
                        + "…/step/result, …/steps/{key}, …/running, …/feed, …/audit; POST …/dispatches, …/steps/lookup, …/cancel, "
                        + "…/redrive, …/pause, …/resume, /v1/audit, /v1/pause, /v1/resume; GET /v1/pauses, /v1/dead-letters; POST /v1/dead-letters/redrive, /v1/dead-letters/purge.");
    }

    private Answer status(String runId, Http.Call call) throws InterruptedException {
        call.takes("exact", "cursor");
        RunQueries.Counting from = Cursors.status(runId, call.query().get("cursor"));
        boolean exact = call.flag("exact") || from != null;
        RunQueries.Status status = (exact ? queries.exactStatus(runId, from) : queries.status(runId))
                .orElseThrow(() -> Problem.noRun(runId));
        ObjectNode body = StatusView.full(status, pauseControl.known());
        RunQueries.Counting next = status.next();
        if (next != null) {
            body.put("cursor", Cursors.status(runId, next));
        }
        return Answer.json(200, body);
    }

    private Answer steps(String runId, Http.Call call) throws InterruptedException {
        call.takes(FilterParameters.with("limit", "cursor"));
        StepFilter filter = FilterParameters.ofQuery(call);
        run(runId);
        Pauses paused = pauseControl.known();
        EntryPage<RunQueries.Step> entries = new EntryPage<>(step -> StepView.listed(step, paused));
        RunQueries.Steps page = queries.steps(
                runId,
                filter,
                Cursors.steps("steps", runId, call.query().get("cursor")),
                Parameters.limit(call),
                entries);
        ObjectNode body = Json.object();
        body.set("steps", entries.nodes());
        RunQueries.StepsCursor next = page.next();
        if (next != null) {
            body.put("cursor", Cursors.steps("steps", runId, next));
        }
        return Answer.json(200, body);
    }

    private Answer failures(String runId, Http.Call call) throws InterruptedException {
        call.takes(FilterParameters.with("cursor"));
        StepFilter filter = FilterParameters.ofQuery(call);
        run(runId);
        RunQueries.FailurePage page = queries.failures(
                runId, filter, Cursors.steps("failures", runId, call.query().get("cursor")));
        ObjectNode body = FailuresView.page(page);
        RunQueries.StepsCursor next = page.next();
        if (next != null) {
            body.put("cursor", Cursors.steps("failures", runId, next));
        }
        return Answer.json(200, body);
    }

    private Answer running(String runId, Http.Call call) throws InterruptedException {
        call.takes("exact", "limit", "cursor");
        run(runId);
        return lists.running(call, new RunningSteps.Filter(runId, null), runId, StepView::running);
    }

    private Answer stepByPath(String runId, String stepKey, Http.Call call) {
        if (stepKey.equals("lookup") && call.method().equals("POST")) {
            return lookup(runId, call);
        }
        if (stepKey.equals("lookup") && !call.method().equals("GET")) {
            throw Problem.otherMethod("GET, POST"); // of a step with that key, and of the lookup
        }
        RequestTarget.refuseWhatNoPathCarries(stepKey);
        return step(runId, stepKey, only("GET", call), "log", "attempt", "input");
    }

    private Answer step(String runId, String stepKey, Http.Call call, String... parameters) {
        call.takes(parameters);
        boolean log = call.flag("log");
        String attempt = call.query().get("attempt");
        if (attempt != null && (!log || Parameters.number("attempt", attempt) < 1)) {
            throw Problem.badRequest("bad-attempt", "'attempt' must be at least 1, and is allowed only with log=true.");
        }
        StepRecord record = record(runId, stepKey);
        ObjectNode more = Json.object();
        queries.running().of(record).ifPresent(running -> StepView.activity(more, running));
        if (record.state() instanceof StepState.Retrying) {
            StepView.paused(
                    more, pauseControl.known().cover(runId, record.settings().handler()));
        }
        if (log) {
            ArrayNode pages = more.putArray("logPages");
            for (LogPage page :
                    queries.log(record, attempt == null ? record.attempt() : Parameters.number("attempt", attempt))) {
                ObjectNode node =
                        pages.addObject().put("attempt", page.attempt()).put("page", page.number());
                node.put("at", page.at().toString());
                page.lines().forEach(node.putArray("lines")::add);
            }
        }
        if (call.flag("input")) {
            StepView.input(more, queries.input(record), queries);
        }
        long room = Limits.ANSWER_BYTES - TransferSize.bytes(more);
        return Answer.json(200, StepView.full(record, queries, room, room).setAll(more));
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
        call.takes("cursor", "limit", "since");
        Run run = run(runId);
        EntryPage<FeedEntry> entries = new EntryPage<>(StepView::entry);
        List<String> positions = Cursors.feed(run, call.query().get("cursor"));
        Instant since = Parameters.since(call);
        if (since != null && positions.isEmpty()) { // a cursor says more
            positions = Collections.nCopies(run.shards(), FeedEntry.from(since));
        }
        RunQueries.Feed feed = queries.feed(run, positions, Parameters.limit(call), entries);
        ObjectNode body = Json.object();
        body.set("entries", entries.nodes());
        body.put("cursor", Cursors.feed(runId, feed.positions())).put("caughtUp", feed.caughtUp());
        return Answer.json(200, body);
    }

    private Answer lookup(String runId, Http.Call call) {
        call.takes();
        JsonNode asked = Parameters.body(call, Set.of("keys"));
        List<String> keys = Parameters.keys(asked);
        if (keys.isEmpty() || keys.size() > Limits.LOOKUP_KEYS) {
            throw Problem.badRequest(
                    "bad-keys",
                    "'keys' must have 1 to " + Limits.LOOKUP_KEYS + " step keys; look up more in several calls.");
        }
        Records found = queries.lookup(run(runId), keys);
        ObjectNode body = Json.object();
        ArrayNode entries = body.putArray("entries");
        ArrayNode absent = body.putArray("absentKeys");
        long room = EntryPage.ROOM;
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

    private Answer redrive(String runId, Http.Call call, Instant deadline) throws InterruptedException {
        call.takes();
        JsonNode body = Parameters.body(call, Set.of("states", "keys", "filter", "overrides", "redriveId", "dryRun"));
        List<String> keys = Parameters.keys(body);
        SortedSet<StepState.Name> states = redrivable(body, !keys.isEmpty());
        StepFilter filter = FilterParameters.ofBody(body, states);
        Redriver.Request request = new Redriver.Request(
                states,
                new TreeSet<>(keys),
                filter,
                OverridesJson.read(body),
                OverridesJson.input(body, !keys.isEmpty()),
                Parameters.id(body, "redriveId", "bad-redrive-id"));
        boolean dryRun = Parameters.flag(body, "dryRun");
        Run run = run(runId);
        redriver.outOfTime(request.overrides()).ifPresent(refused -> {
            throw DispatchApi.problem(refused);
        });
        if (dryRun) {
            return CancelApi.preview(
                    selected,
                    new SelectedSteps.Chosen(
                            runId, filter == null ? StepFilter.ofStates(states) : filter, request.keys()),
                    deadline);
        }
        return redriven(redriver.redrive(run, request, deadline));
    }

    private static Answer redriven(Redriver.Answer answer) {
        return switch (answer) {
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
    private static SortedSet<StepState.Name> redrivable(JsonNode body, boolean hasKeys) {
        SortedSet<StepState.Name> states = new TreeSet<>();
        for (String name : Parameters.texts(body, "states", "bad-state")) {
            StepState.Name state = Parameters.state("states", name);
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

    private Run run(String runId) {
        return queries.run(runId).orElseThrow(() -> Problem.noRun(runId));
    }
}
