package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Answer;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import dev.stepstile.usecase.PauseControl;
import dev.stepstile.usecase.RunQueries;
import java.util.Set;

/** {@code POST …/pause}, {@code …/resume} of a run, a handler or everything, and {@code GET /v1/pauses}. */
final class PausesApi {
    private final PauseControl pauses;
    private final RunQueries queries;

    PausesApi(PauseControl pauses, RunQueries queries) {
        this.pauses = pauses;
        this.queries = queries;
    }

    /** Of a run, which must exist. */
    Answer pauseRun(String runId, Http.Call call) {
        call.takes();
        JsonNode body = Parameters.body(call, Set.of("reason"));
        String reason = reason(body);
        return pause(ofRun(runId), reason);
    }

    /** Once all that was sent has been checked. */
    private PauseScope ofRun(String runId) {
        return new PauseScope.OfRun(
                queries.run(runId).orElseThrow(() -> Problem.noRun(runId)).runId());
    }

    Answer resumeRun(String runId, Http.Call call) {
        call.takes();
        Parameters.body(call, Set.of());
        return resume(ofRun(runId));
    }

    /** Of a handler, or everything. */
    Answer pause(Http.Call call) {
        call.takes();
        JsonNode body = body(call, Set.of("handler", "reason"));
        return pause(scope(body), reason(body));
    }

    Answer resume(Http.Call call) {
        call.takes();
        return resume(scope(body(call, Set.of("handler"))));
    }

    Answer list(Http.Call call) {
        call.takes();
        ObjectNode body = Json.object();
        ArrayNode list = body.putArray("pauses");
        for (Pause pause : pauses.lasting()) {
            ObjectNode node =
                    scope(pause.scope()).put("pausedAt", pause.pausedAt().toString());
            if (!pause.reason().isEmpty()) {
                node.put("reason", pause.reason());
            }
            list.add(node);
        }
        return Answer.json(200, body);
    }

    private static JsonNode body(Http.Call call, Set<String> members) {
        try {
            return Parameters.body(call, members);
        } catch (Json.BadJson e) {
            throw Problem.badRequest("bad-json", "Invalid request body: " + e.getMessage() + ".");
        }
    }

    private Answer pause(PauseScope scope, String reason) {
        return switch (pauses.pause(scope, reason)) {
            case PauseControl.Answer.Done(Pause pause, boolean changed) ->
                Answer.json(
                        200,
                        scope(scope)
                                .put("pausedAt", pause.pausedAt().toString())
                                .put("changed", changed));
            case PauseControl.Answer.TooMany _ ->
                throw new Problem(
                        409,
                        "too-many-pauses",
                        Limits.PAUSES + " pauses last already; resume some of them (GET /v1/pauses), or pause a handler"
                                + " or everything instead of single runs.");
            case PauseControl.Answer.NeverPaused _ -> throw new IllegalStateException("a pause was made");
        };
    }

    private Answer resume(PauseScope scope) {
        return switch (pauses.resume(scope)) {
            case PauseControl.Answer.Done(Pause pause, boolean changed) -> {
                ObjectNode node = scope(scope);
                StepView.put(node, "resumedAt", pause.resumedAt());
                yield Answer.json(200, node.put("changed", changed));
            }
            case PauseControl.Answer.NeverPaused _ ->
                Answer.json(200, scope(scope).put("changed", false));
            case PauseControl.Answer.TooMany _ -> throw new IllegalStateException("a resume makes no pause");
        };
    }

    private static PauseScope scope(JsonNode body) {
        if (!body.hasNonNull("handler")) {
            return new PauseScope.Everything();
        }
        String handler = body.path("handler").textValue();
        if (handler == null || !Limits.isHandlerName(handler)) {
            throw Problem.badRequest(
                    "bad-handler",
                    "'handler' must have 1 to 128 characters of A-Z a-z 0-9 . _ -; omit it to name everything.");
        }
        return new PauseScope.OfHandler(handler);
    }

    private static ObjectNode scope(PauseScope scope) {
        return switch (scope) {
            case PauseScope.Everything _ -> Json.object().put("scope", "all");
            case PauseScope.OfRun(String runId) ->
                Json.object().put("scope", "run").put("runId", runId);
            case PauseScope.OfHandler(String handler) ->
                Json.object().put("scope", "handler").put("handler", handler);
        };
    }

    private static String reason(JsonNode body) {
        if (!body.hasNonNull("reason")) {
            return "";
        }
        String reason = body.path("reason").textValue();
        if (reason == null || Parameters.isLonger(reason, Limits.REASON_LENGTH)) {
            throw Problem.badRequest(
                    "bad-reason", "'reason' must be a string of at most " + Limits.REASON_LENGTH + " characters.");
        }
        return reason;
    }
}
