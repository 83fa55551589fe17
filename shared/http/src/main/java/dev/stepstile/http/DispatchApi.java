package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Moment;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.Times;
import dev.stepstile.step.TraceContext;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Dispatcher.Answer;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Dispatcher.Request;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/runs/{runId}/dispatches}: reads and checks the request, and answers with its outcome. */
public final class DispatchApi {
    private static final Set<String> MEMBERS =
            Set.of("dispatchId", "tenant", "defaults", "sharedInputs", "deadline", "steps", "notify");
    private static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(5);
    private static final Set<String> STEP_DEFAULTS =
            Set.of("handler", "maxAttempts", "timeoutSeconds", "retry", "notBefore", "tags");
    private static final Set<String> STEP =
            Set.of("key", "handler", "input", "maxAttempts", "timeoutSeconds", "retry", "notBefore", "tags");

    private final Dispatcher dispatcher;

    public DispatchApi(Dispatcher dispatcher) {
        this.dispatcher = dispatcher;
    }

    /** @throws Problem with what is wrong, and what to do instead */
    public Http.Answer answer(Http.Call call) throws InterruptedException {
        if (call.path().size() != 4
                || !call.path().get(0).equals("v1")
                || !call.path().get(1).equals("runs")
                || !call.path().get(3).equals("dispatches")) {
            throw new Problem(
                    404, "no-such-call", "No such call. The only call here is POST /v1/runs/{runId}/dispatches.");
        }
        if (!call.method().equals("POST")) {
            throw Problem.otherMethod("POST");
        }
        call.takes();
        Request request = request(call.path().get(2), call.body());
        refuseUnknownTarget(request.notifies());
        return switch (dispatcher.dispatch(request, trace(call))) {
            case Answer.Accepted(String dispatchId, int steps, boolean replayed, int attached) ->
                Http.Answer.json(
                        202,
                        Json.object()
                                .put("dispatchId", dispatchId)
                                .put("acceptedCount", steps)
                                .put("attachedCount", attached)
                                .put("replayed", replayed));
            case Answer.Conflict(String dispatchId) ->
                throw new Problem(
                        409,
                        "dispatch-conflict",
                        "Dispatch '" + dispatchId
                                + "' exists with other content; use another dispatchId for other content.");
            case Answer.OutOfTime outOfTime -> throw problem(outOfTime);
            case Answer.RunCancelled(String runId) ->
                throw new Problem(
                        409,
                        "run-cancelled",
                        "Run '" + runId
                                + "' was cancelled and accepts no more steps; redrive it, or start another run.");
        };
    }

    static Problem problem(Answer.OutOfTime outOfTime) {
        return Problem.badRequest(
                outOfTime.member().equals("deadline") ? "bad-deadline" : "bad-not-before", outOfTime.detail());
    }

    /** The caller's; not part of what is dispatched, and never a reason to refuse the call. */
    private static @Nullable TraceContext trace(Http.Call call) {
        return TraceContext.read(
                call.headers().get("traceparent"), call.headers().get("tracestate"));
    }

    /**
     * Checks a request as a call would, without making it.
     *
     * @param body JSON, as the call has it
     * @throws Problem with what is wrong, and what to do instead
     */
    public static void check(String runId, String body) {
        request(runId, body);
    }

    private void refuseUnknownTarget(@Nullable NotifyTarget target) {
        String refusal = target == null ? null : dispatcher.refusal(target);
        if (refusal != null) {
            throw Problem.badRequest(NotifyJson.PROBLEM, "'notify' is refused: " + refusal + ".");
        }
    }

    static Request request(String runId, @Nullable String body) {
        Parameters.runId(runId);
        if (body == null || body.isBlank()) {
            throw Problem.badRequest(
                    "bad-json", "The request body is empty; send {\"steps\": [{\"key\": …, \"handler\": …}]}.");
        }
        TransferSize.refuseTooLarge(body);
        try {
            return read(runId, Json.parse(body));
        } catch (Json.BadJson e) {
            throw Problem.badRequest("bad-json", "Invalid request body: " + e.getMessage() + ".");
        }
    }

    private static Request read(String runId, JsonNode body) {
        if (!body.isObject()) {
            throw Problem.badRequest("bad-json", "The request body must be a JSON object.");
        }
        Parameters.known(body, "the request body", MEMBERS);
        JsonNode steps = body.path("steps");
        if (!steps.isArray() || steps.isEmpty()) {
            throw Problem.badRequest("no-steps", "'steps' must be a list of at least one step.");
        }
        if (steps.size() > Limits.STEPS_PER_DISPATCH) {
            throw Problem.badRequest(
                    "too-many-steps",
                    "A dispatch can have at most " + Limits.STEPS_PER_DISPATCH + " steps, and this one has "
                            + steps.size() + "; dispatch to the same run in several calls.");
        }
        JsonNode defaults = Parameters.object(body, "defaults", "bad-defaults");
        Parameters.known(defaults, "'defaults'", STEP_DEFAULTS);
        SortedMap<String, String> commonTags =
                tags("'defaults'", Parameters.object(defaults, "tags", "bad-tags"), new TreeMap<>());
        Moment deadline = MomentJson.read("", body, "deadline", "bad-deadline", Limits.DEADLINE);
        Set<String> keys = new HashSet<>();
        List<NewStep> read = new ArrayList<>();
        for (JsonNode step : steps) {
            NewStep newStep = step(step, new Common(defaults, commonTags, deadline), read.size());
            if (!keys.add(newStep.key())) {
                throw Problem.badRequest(
                        "duplicate-step-key",
                        "Duplicate step key '" + newStep.key() + "': a key names one step of a run.");
            }
            read.add(newStep);
        }
        return new Request(
                runId,
                Parameters.id(body, "dispatchId", "bad-dispatch-id"),
                Parameters.id(body, "tenant", "bad-tenant"),
                read,
                shared(Parameters.object(body, "sharedInputs", "bad-shared-input")),
                commonTags,
                NotifyJson.target(Parameters.object(body, "notify", NotifyJson.PROBLEM), commonTags));
    }

    private static SortedMap<String, String> shared(JsonNode node) {
        SortedMap<String, String> shared = new TreeMap<>();
        long bytes = 0;
        for (var entry : node.properties()) {
            String json = Json.print(entry.getValue());
            bytes += json.getBytes(StandardCharsets.UTF_8).length;
            if (!Limits.isHandlerName(entry.getKey())) {
                throw Problem.badRequest(
                        "bad-shared-input", "A shared input's name must have 1 to 128 characters of A-Z a-z 0-9 . _ -");
            }
            shared.put(entry.getKey(), json);
        }
        if (shared.size() > Limits.SHARED_INPUTS) {
            throw Problem.badRequest(
                    "bad-shared-input",
                    "A dispatch can have at most " + Limits.SHARED_INPUTS + " shared inputs; put several into one.");
        }
        Parameters.refuseTooLarge("The shared inputs together", bytes);
        return shared;
    }

    /** What the steps of a dispatch have in common. */
    private record Common(
            JsonNode defaults,
            SortedMap<String, String> tags,
            @Nullable Moment deadline) {}

    private static NewStep step(JsonNode step, Common common, int index) {
        JsonNode defaults = common.defaults();
        String at = "steps[" + index + "]";
        if (!step.isObject()) {
            throw Problem.badRequest("bad-step", at + " must be an object.");
        }
        Parameters.known(step, at, STEP);
        String key = step.path("key").textValue();
        if (key == null) {
            throw Problem.badRequest("bad-step-key", at + " must have a 'key', a string.");
        }
        StepKeyValidation.refuse(at + ".key", key);
        String handler =
                (step.hasNonNull("handler") ? step : defaults).path("handler").textValue();
        if (handler == null || !Limits.isHandlerName(handler)) {
            throw Problem.badRequest(
                    "bad-handler",
                    "Step '" + key
                            + "' must have a 'handler', its own or that of 'defaults': 1 to 128 characters of A-Z a-z 0-9 . _ -");
        }
        JsonNode inputNode = step.get("input");
        String input = inputNode == null ? "null" : Json.print(inputNode);
        int bytes = input.getBytes(StandardCharsets.UTF_8).length;
        Parameters.refuseTooLarge("Step '" + key + "': the input", bytes);
        return new NewStep(
                key,
                handler,
                input,
                retry(key, step, defaults),
                timeout(key, step, defaults),
                tags("Step '" + key + "'", Parameters.object(step, "tags", "bad-tags"), common.tags()),
                times(key, step, common));
    }

    private static Times times(String key, JsonNode step, Common common) {
        JsonNode holder = step.hasNonNull("notBefore") ? step : common.defaults();
        return new Times(
                MomentJson.read("Step '" + key + "': ", holder, "notBefore", "bad-not-before", Limits.NOT_BEFORE),
                common.deadline());
    }

    private static Duration timeout(String key, JsonNode step, JsonNode defaults) {
        long seconds = number(
                key, step, defaults, "timeoutSeconds", DEFAULT_TIMEOUT.toSeconds(), 1, Limits.TIMEOUT.toSeconds());
        return Duration.ofSeconds(seconds);
    }

    private static RetryPolicy retry(String key, JsonNode step, JsonNode defaults) {
        RetryPolicy fallback = RetryPolicy.DEFAULT;
        long attempts = number(key, step, defaults, "maxAttempts", fallback.maxAttempts(), 1, Limits.MAX_ATTEMPTS);
        JsonNode own = Parameters.object(step, "retry", "bad-retry");
        JsonNode common = Parameters.object(defaults, "retry", "bad-retry");
        RetryJson.known(own);
        RetryJson.known(common);
        return new RetryPolicy(
                (int) attempts,
                seconds(key, own, common, "baseSeconds", fallback.base()),
                seconds(key, own, common, "capSeconds", fallback.cap()),
                rule("Step '" + key + "': ", own, common));
    }

    private static RetryRule rule(String whose, JsonNode own, JsonNode common) {
        List<String> on = RetryJson.on(whose, own.hasNonNull("on") ? own : common);
        List<String> never = RetryJson.never(whose, own.hasNonNull("never") ? own : common);
        return new RetryRule(on == null ? List.of() : on, never == null ? List.of() : never);
    }

    private static Duration seconds(String key, JsonNode own, JsonNode common, String name, Duration fallback) {
        JsonNode node = own.hasNonNull(name) ? own.get(name) : common.get(name);
        if (node == null || node.isNull()) {
            return fallback;
        }
        return Parameters.backoff("Step '" + key + "': ", name, node);
    }

    private static long number(
            String key, JsonNode step, JsonNode defaults, String name, long fallback, long least, long most) {
        JsonNode holder = step.hasNonNull(name) ? step : defaults;
        if (!holder.hasNonNull(name)) {
            return fallback;
        }
        return Parameters.whole(holder.path(name), least, most)
                .orElseThrow(() -> Problem.badRequest(
                        name.equals("maxAttempts") ? "bad-max-attempts" : "bad-timeout",
                        "Step '" + key + "': '" + name + "' must be a whole number from " + least + " to " + most
                                + "."));
    }

    /** @param common tags that are added to these, and count as theirs */
    private static SortedMap<String, String> tags(String whose, JsonNode node, SortedMap<String, String> common) {
        SortedMap<String, String> tags = new TreeMap<>();
        for (var entry : node.properties()) {
            String value = entry.getValue().textValue();
            if (value == null
                    || Parameters.isLonger(entry.getKey(), Limits.TAG_LENGTH)
                    || Parameters.isLonger(value, Limits.TAG_LENGTH)) {
                throw Problem.badRequest(
                        "bad-tags",
                        whose + ": a tag's name and value must be strings of at most " + Limits.TAG_LENGTH
                                + " characters.");
            }
            tags.put(entry.getKey(), value);
        }
        long more =
                common.keySet().stream().filter(name -> !tags.containsKey(name)).count();
        if (tags.size() + more > Limits.TAGS) {
            throw Problem.badRequest(
                    "bad-tags",
                    whose + ": at most " + Limits.TAGS + " tags are allowed, those of 'defaults' included.");
        }
        return tags;
    }
}
