package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Calls Stepstile's HTTP API. Safe to use from several threads; one serves a whole program.
 *
 * <p>A call that was not answered, or was answered "not now", is made again until the client's patience ends; each has the
 * same effect as once. What a call can end with otherwise is a {@link StepstileException}: {@link UnreachableException},
 * {@link UnauthorisedException}, {@link RefusedException} or, if the thread was interrupted, {@link CallInterruptedException}. What Stepstile would refuse for
 * its form is an {@link IllegalArgumentException} before anything is sent.
 *
 * <p>Closing waits for the calls that are under way and releases the connections and the threads of the HTTP client.
 */
public final class StepstileClient implements AutoCloseable {
    private static final int LIST_LIMIT = 1000;
    private static final int RUNS_LIMIT = 100;
    private static final String RUN_NOT_FOUND = "run-not-found";
    private static final String STEP_NOT_STARTED = "step-not-started";

    private final ClientOptions options;
    private final Pacing pacing;
    private final Transport transport;

    /** A client with these options. */
    public StepstileClient(ClientOptions options) {
        this(options, Pacing.REAL);
    }

    StepstileClient(ClientOptions options, Pacing pacing) {
        this.options = options;
        this.pacing = pacing;
        this.transport = new Transport(options, pacing);
    }

    /**
     * A client with the usual timeout and patience, which signs its calls if the endpoint is a host of AWS
     * ({@link ClientOptions#of}).
     *
     * @param endpoint what {@code ./stepstile local} prints, or the deployed stack's output {@code ApiUrl}
     */
    public static StepstileClient of(URI endpoint) {
        return new StepstileClient(ClientOptions.of(endpoint));
    }

    /** What the client was made with. */
    public ClientOptions options() {
        return options;
    }

    /**
     * Hands over steps: when this returns, they are written down and will end, whatever crashes. The same call again is the
     * same dispatch. What does not fit into one call (10,000 steps, 6 MB) is sent in several, with the ids {@code id},
     * {@code id.1}, {@code id.2} and so on.
     *
     * @param runId 1 to 128 of {@code A-Z a-z 0-9 . _ : ~ @ + = -}; a run begins with its first dispatch
     * @throws RefusedException of type {@code dispatch-conflict} if the id was used with other content,
     *     {@code run-cancelled} if the run was cancelled
     */
    public DispatchResult dispatch(String runId, Dispatch dispatch) {
        return dispatched(runId, RequestWriter.dispatch(dispatch), Map.of());
    }

    /**
     * As {@link #dispatch(String, Dispatch)}, in a trace.
     *
     * @param trace what the attempts continue. It is no part of the dispatch: the same call again is the same dispatch in
     *     whatever trace, and the first one stays
     */
    public DispatchResult dispatch(String runId, Dispatch dispatch, TraceContext trace) {
        return dispatched(runId, RequestWriter.dispatch(dispatch), trace.headers());
    }

    /**
     * As {@link #dispatch(String, Dispatch)}, for a dispatch that is JSON already: it is sent in one call, as it is.
     *
     * @param document the body of the call, as the wire contract has it. With a {@code dispatchId}, the same call again is
     *     the same dispatch; without one, Stepstile derives the id from the content
     * @throws RefusedException also if the document is not such a body, with the problem's type
     */
    public DispatchResult dispatch(String runId, JsonValue document) {
        return dispatched(runId, List.of(document.text()), Map.of());
    }

    /** As {@link #dispatch(String, JsonValue)}, in a trace. */
    public DispatchResult dispatch(String runId, JsonValue document, TraceContext trace) {
        return dispatched(runId, List.of(document.text()), trace.headers());
    }

    private DispatchResult dispatched(String runId, List<String> bodies, Map<String, String> trace) {
        List<JsonNode> answers = new ArrayList<>();
        for (String body : bodies) {
            answers.add(transport.post(run(runId) + "/dispatches", body, "acceptedCount", trace));
        }
        return AnswerReader.dispatched(answers);
    }

    /**
     * How a run stands, as of the last sweep that counted.
     *
     * @throws RefusedException of type {@code run-not-found} if nothing was dispatched to the run
     */
    public RunStatus status(String runId) {
        return AnswerReader.status(transport.get(run(runId), Map.of(), "runId"));
    }

    /**
     * How a run stands now, at the cost of a read of each of its records; a large run is counted in several calls.
     *
     * @throws RefusedException of type {@code run-not-found} if nothing was dispatched to the run
     */
    public RunStatus exactStatus(String runId) {
        JsonNode answer = transport.get(run(runId), Map.of("exact", "true"), "runId");
        while (answer.has("cursor")) {
            answer = transport.get(
                    run(runId),
                    query("exact", "true", "cursor", answer.path("cursor").asText()),
                    "runId");
        }
        return AnswerReader.status(answer);
    }

    /**
     * The runs that fit, those that began last first. The first page is read at once, the others as the stream comes to them;
     * a new run may be missing for a moment.
     */
    public Stream<RunStatus> runs(RunFilter filter) {
        Map<String, String> query = RequestWriter.query(filter);
        query.put("limit", String.valueOf(RUNS_LIMIT));
        return lists().entries("/v1/runs", query, "runs").map(AnswerReader::status);
    }

    /**
     * All steps of a run in the order in which they were handed over, without results and attempts. The first page is read
     * at once, the others as the stream comes to them.
     *
     * @throws RefusedException of type {@code run-not-found} if nothing was dispatched to the run
     */
    public Stream<StepRecord> steps(String runId) {
        return steps(runId, StepFilter.ALL);
    }

    /** As {@link #steps(String)}, those in one state. */
    public Stream<StepRecord> steps(String runId, StepStatus status) {
        return steps(runId, StepFilter.ofStates(status));
    }

    /**
     * As {@link #steps(String)}, those that fit.
     *
     * @throws RefusedException also of type {@code bad-kind} if there is no such error kind
     */
    public Stream<StepRecord> steps(String runId, StepFilter filter) {
        Map<String, String> query = RequestWriter.query(filter);
        query.put("limit", String.valueOf(LIST_LIMIT));
        return lists().entries(run(runId) + "/steps", query, "steps").map(AnswerReader::step);
    }

    /**
     * Why steps of a run failed, grouped by error kind, handler and normalised message: of those that are FAILED or DEAD. A
     * large run is read in several calls.
     *
     * @throws RefusedException of type {@code run-not-found} if nothing was dispatched to the run
     */
    public Failures failures(String runId) {
        return failures(runId, StepFilter.ALL);
    }

    /** As {@link #failures(String)}, of the steps that fit; RETRYING ones, if their state is named, by their last failure. */
    public Failures failures(String runId, StepFilter filter) {
        return lists().failures(run(runId) + "/failures", RequestWriter.query(filter));
    }

    /**
     * The steps of a run that are running, as of the newest heartbeat of each of their workers. The list may lag: an attempt
     * is in it a second after its start, or at the latest with its worker's next heartbeat, and may still be in it for a
     * moment after its end. The first page is read at once, the others as the stream comes to them.
     *
     * @throws RefusedException of type {@code run-not-found} if nothing was dispatched to the run
     */
    public Stream<RunningStep> running(String runId) {
        return lists().entries(run(runId) + "/running", query("limit", String.valueOf(LIST_LIMIT)), "steps")
                .map(entry -> AnswerReader.running(entry, runId));
    }

    /** As {@link #running}, of all runs. */
    public Stream<RunningStep> runningEverywhere() {
        return runningEverywhere(query("limit", String.valueOf(LIST_LIMIT)));
    }

    /**
     * As {@link #running}, of all runs on one worker, which is read consistently.
     *
     * @param worker its id, as {@link RunningStep.Worker} has it
     */
    public Stream<RunningStep> runningOn(String worker) {
        return runningEverywhere(query("limit", String.valueOf(LIST_LIMIT), "worker", worker));
    }

    private Stream<RunningStep> runningEverywhere(Map<String, String> query) {
        return lists().entries("/v1/running", query, "steps").map(entry -> AnswerReader.running(entry, ""));
    }

    private ListReader lists() {
        return new ListReader(transport);
    }

    /** One step, read consistently, with its result if an answer can hold it; empty while it is queued, and if there is none. */
    public Optional<StepRecord> step(String runId, String key) {
        return step(runId, query("key", Checked.key(key)));
    }

    /** One step, with the input of its newest attempt. */
    public Optional<StepRecord> stepWithInput(String runId, String key) {
        return step(runId, query("key", Checked.key(key), "input", "true"));
    }

    /** One step, with what its newest attempt wrote. */
    public Optional<StepRecord> stepWithLog(String runId, String key) {
        return step(runId, query("key", Checked.key(key), "log", "true"));
    }

    /** One step, with what one of its attempts wrote. */
    public Optional<StepRecord> stepWithLog(String runId, String key, int attempt) {
        String number = String.valueOf(Checked.attempt(attempt));
        return step(runId, query("key", Checked.key(key), "log", "true", "attempt", number));
    }

    private Optional<StepRecord> step(String runId, Map<String, String> query) {
        try {
            return Optional.of(AnswerReader.step(transport.get(run(runId) + "/step", query, "state")));
        } catch (RefusedException e) {
            if (e.type().equals(STEP_NOT_STARTED) || e.type().equals(RUN_NOT_FOUND)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * The result of a step that succeeded, of any size, in as many calls as it takes.
     *
     * @throws RefusedException of type {@code no-result} if the step has not succeeded
     * @throws DamagedResultException if what came is not what the step returned
     */
    public JsonValue result(String runId, String key) {
        return new ResultReader(transport).read(run(runId) + "/step/result", Checked.key(key));
    }

    /**
     * The records of steps by key, read consistently, in the order of the keys; without those that are still queued. A result
     * over 16 KB is {@link StepResult.Stored}.
     */
    public Map<String, StepRecord> lookup(String runId, Collection<String> keys) {
        Map<String, StepRecord> found = new LinkedHashMap<>();
        List<String> wanted = new ArrayList<>(new LinkedHashSet<>(Checked.keys(keys)));
        for (int from = 0; from < wanted.size(); from += Checked.LOOKUP_KEYS) {
            List<String> some = wanted.subList(from, Math.min(wanted.size(), from + Checked.LOOKUP_KEYS));
            Optional<JsonNode> answer =
                    known(() -> transport.post(run(runId) + "/steps/lookup", RequestWriter.lookup(some), "entries"));
            answer.ifPresent(records -> records.path("entries").forEach(node -> {
                StepRecord entry = AnswerReader.step(node);
                found.put(entry.key(), entry);
            }));
        }
        return found;
    }

    /** One answer of the feed, as it comes; {@link #follow} reads it as the wire contract asks. */
    FeedPage feed(String runId, @Nullable String cursor) {
        Map<String, String> query = cursor == null
                ? query("limit", String.valueOf(LIST_LIMIT))
                : query("limit", String.valueOf(LIST_LIMIT), "cursor", cursor);
        return known(() -> transport.get(run(runId) + "/feed", query, "entries"))
                .map(AnswerReader::feed)
                .orElseGet(() -> new FeedPage(List.of(), cursor, true)); // nothing was dispatched yet
    }

    /** Ends what waits and asks what runs to stop; the run takes no more steps. A run that is not known has none. */
    public CancelResult cancel(String runId) {
        return known(() -> transport.post(run(runId) + "/cancel", null, "cancelledCount"))
                .map(answer -> new CancelResult(
                        answer.path("cancelledCount").asInt(),
                        answer.path("stoppingCount").asInt()))
                .orElse(new CancelResult(0, 0));
    }

    /**
     * Ends those of these steps that wait and asks those that run to stop; the run goes on. A redrive may run them again.
     *
     * @param keys at least one and at most 1000
     * @throws RefusedException of type {@code run-not-found} if nothing was dispatched to the run
     */
    public StepCancelResult cancelSteps(String runId, Collection<String> keys) {
        return cancelSteps(runId, keys, StepFilter.ALL);
    }

    /**
     * As {@link #cancelSteps(String, Collection)}, of the steps that fit.
     *
     * @param filter names something, which may be states among QUEUED, RUNNING and RETRYING; without any, it is all three
     */
    public StepCancelResult cancelSteps(String runId, StepFilter filter) {
        return cancelSteps(runId, List.of(), filter);
    }

    /** As {@link #cancelSteps(String, Collection)}, of those of these keys that fit. */
    public StepCancelResult cancelSteps(String runId, Collection<String> keys, StepFilter filter) {
        String body = Json.print(RequestWriter.cancelBody(keys, filter));
        return AnswerReader.stepsCancelled(transport.post(run(runId) + "/cancel", body, "cancelledCount"));
    }

    /** What {@link #cancel} would do. */
    public StepPlan planCancel(String runId) {
        return plan(run(runId) + "/cancel", Json.object());
    }

    /** What {@link #cancelSteps(String, Collection, StepFilter)} would do. */
    public StepPlan planCancel(String runId, Collection<String> keys, StepFilter filter) {
        return plan(run(runId) + "/cancel", RequestWriter.cancelBody(keys, filter));
    }

    /**
     * Runs ended steps again with a fresh budget of attempts. A success is never touched.
     *
     * @throws RefusedException of type {@code redrive-conflict} if the id was used with other content,
     *     {@code run-not-found} if nothing was dispatched to the run
     */
    public RedriveResult redrive(String runId, Redrive redrive) {
        return AnswerReader.redriven(
                transport.post(run(runId) + "/redrive", RequestWriter.redrive(redrive), "redrivenCount"));
    }

    /** What {@link #redrive} would do. */
    public StepPlan planRedrive(String runId, Redrive redrive) {
        ObjectNode body = RequestWriter.redriveBody(redrive);
        body.remove("redriveId"); // what changes nothing is no redrive of that name
        return plan(run(runId) + "/redrive", body);
    }

    private StepPlan plan(String path, ObjectNode body) {
        return AnswerReader.plan(transport.post(path, Json.print(body.put("dryRun", true)), "counts"));
    }

    /** As {@link #pause(PauseScope, String)}, without a reason. */
    public PauseChange pause(PauseScope scope) {
        return pause(scope, "");
    }

    /**
     * From 5 s on, no further step of the scope begins. What runs goes on; what waits is kept and counts no attempt.
     *
     * @param reason for whoever looks later: at most 200 characters
     * @throws RefusedException of type {@code too-many-pauses} if 100 pauses last already, {@code run-not-found} if
     *     nothing was dispatched to the run
     */
    public PauseChange pause(PauseScope scope, String reason) {
        ObjectNode body = RequestWriter.scopeBody(scope);
        if (!Checked.reason(reason).isEmpty()) {
            body.put("reason", reason);
        }
        return AnswerReader.pauseChange(
                transport.post(path(scope) + "/pause", Json.print(body), "changed"), "pausedAt");
    }

    /**
     * What this pause covered, and no other one covers, begins again within two sweep intervals (120 s).
     *
     * @throws RefusedException of type {@code run-not-found} if nothing was dispatched to the run
     */
    public PauseChange resume(PauseScope scope) {
        String body = Json.print(RequestWriter.scopeBody(scope));
        return AnswerReader.pauseChange(transport.post(path(scope) + "/resume", body, "changed"), "resumedAt");
    }

    /** What is paused. */
    public List<Pause> pauses() {
        return transport
                .get("/v1/pauses", Map.of(), "pauses")
                .path("pauses")
                .valueStream()
                .map(AnswerReader::pause)
                .toList();
    }

    private static String path(PauseScope scope) {
        return scope instanceof PauseScope.OfRun(String runId) ? run(runId) : "/v1";
    }

    /**
     * Holds what is stored of a run against itself: records, feed, manifests, counts, dead letters and payloads. Nothing is
     * changed. What work under way can look like is looked at again 30 s later, which this call waits for; of a large run it
     * makes many calls of about a second.
     *
     * @throws RefusedException of type {@code run-not-found} if nothing was dispatched to the run
     */
    public AuditReport audit(String runId) {
        return new AuditReader(transport, pacing, options).read(run(runId) + "/audit");
    }

    /**
     * Any call that reads, as it is in the wire contract, for what this class has no method for.
     *
     * @param path with slashes between its parts, which are encoded here: {@code /v1/runs/nightly/feed}
     * @return the answer as it came; always an object
     * @throws RefusedException with the problem's type
     */
    public JsonValue get(String path, Map<String, String> query) {
        return transport.getAsItIs(encodedPath(path), new TreeMap<>(query));
    }

    /**
     * Any call that changes something, as {@link #get}. It is made again if it was not answered: name it by a {@code redriveId}
     * or {@code dispatchId} where the wire contract asks for one.
     */
    public JsonValue post(String path, JsonValue body) {
        return transport.postAsItIs(encodedPath(path), body.text());
    }

    private static String encodedPath(String path) {
        return Stream.of(path.split("/", -1)).map(Transport::encoded).collect(Collectors.joining("/"));
    }

    /** What the feed of a run shows, each entry once, from its start. */
    public FeedReader feed(String runId) {
        return new FeedReader(this, Checked.runId(runId), pacing);
    }

    /**
     * By how much the clock of the API was ahead of this machine's at the last answer, which may have been a refusal, to a
     * second; empty if none said its time. A signed call is refused from five minutes on.
     */
    public Optional<Duration> clockAhead() {
        return transport.clockAhead();
    }

    /** What is in the stack's dead-letter queue: list, redrive, purge. */
    public DeadLetters deadLetters() {
        return new DeadLetters(transport);
    }

    /** Follows steps to their ends: {@code for (RunEvent event : client.follow(runId, dispatch.keys()))}. */
    public Follower follow(String runId, Collection<String> keys) {
        return new Follower(this, Checked.runId(runId), Checked.keys(keys), false, pacing);
    }

    /** Follows steps to their ends, with what they write on the way. */
    public Follower followWithLogs(String runId, Collection<String> keys) {
        return new Follower(this, Checked.runId(runId), Checked.keys(keys), true, pacing);
    }

    /** Waits, unless the thread is interrupted. */
    void pause(Duration pause) {
        transport.pause(pause);
    }

    /** Waits for the calls that are under way, and releases connections and threads. */
    @Override
    public void close() {
        transport.close();
    }

    private interface Call {
        JsonNode answer();
    }

    /** Empty if the run is not known. */
    private static Optional<JsonNode> known(Call call) {
        try {
            return Optional.of(call.answer());
        } catch (RefusedException e) {
            if (e.type().equals(RUN_NOT_FOUND)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static String run(String runId) {
        return "/v1/runs/" + Transport.encoded(Checked.runId(runId));
    }

    private static Map<String, String> query(String... namesAndValues) {
        Map<String, String> query = new TreeMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            query.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return query;
    }
}
