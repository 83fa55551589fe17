package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Answer;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.RunCanceller;
import dev.stepstile.usecase.RunQueries;
import dev.stepstile.usecase.SelectedSteps;
import dev.stepstile.usecase.SelectedSteps.Chosen;
import dev.stepstile.usecase.StepFilter;
import dev.stepstile.usecase.StepsCanceller;
import dev.stepstile.usecase.Stepstile;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/** {@code POST /v1/runs/{runId}/cancel}: of the run, of some of its steps, or what either would do. */
final class CancelApi {
    private final RunCanceller runs;
    private final StepsCanceller steps;
    private final SelectedSteps selected;
    private final RunQueries queries;

    CancelApi(Stepstile stepstile) {
        this.runs = stepstile.canceller();
        this.steps = stepstile.stepsCanceller();
        this.selected = stepstile.selectedSteps();
        this.queries = stepstile.queries();
    }

    /** @param deadline when the rest is left to the sweeper, or to another call */
    Answer cancel(String runId, Http.Call call, Instant deadline) throws InterruptedException {
        call.takes();
        JsonNode body = Parameters.body(call, Set.of("keys", "states", "filter", "dryRun"));
        boolean ofSteps = Stream.of("keys", "states", "filter").anyMatch(body::has);
        Chosen chosen = chosen(runId, body, ofSteps);
        boolean dryRun = Parameters.flag(body, "dryRun");
        if (queries.run(runId).isEmpty()) {
            throw Problem.noRun(runId);
        }
        if (dryRun) {
            return preview(selected, chosen, deadline);
        }
        return ofSteps ? ofSteps(chosen, deadline) : ofRun(runId, deadline);
    }

    /** One that names steps by null is refused: it must not cancel the run. */
    private static Chosen chosen(String runId, JsonNode body, boolean ofSteps) {
        List<String> keys = Parameters.keys(body);
        SortedSet<StepState.Name> states = FilterParameters.states(body);
        StepFilter filter = FilterParameters.ofBody(body, states.isEmpty() ? StepState.CANCELLABLE : states);
        if (keys.size() > Limits.CANCEL_KEYS) {
            throw Problem.badRequest(
                    "bad-keys",
                    "'keys' must have 1 to " + Limits.CANCEL_KEYS + " step keys; cancel more in several calls.");
        }
        for (StepState.Name state : states) {
            if (!StepState.CANCELLABLE.contains(state)) {
                throw Problem.badRequest(
                        "bad-state",
                        "State " + state + " cannot be cancelled; 'states' may have QUEUED, RUNNING and RETRYING.");
            }
        }
        if (ofSteps && keys.isEmpty() && states.isEmpty() && filter == null) {
            throw Problem.badRequest(
                    "bad-filter",
                    "'keys', 'states' and 'filter' are null; name steps, or omit all three to cancel the run.");
        }
        return new Chosen(
                runId,
                filter == null ? StepFilter.ofStates(states.isEmpty() ? StepState.CANCELLABLE : states) : filter,
                new TreeSet<>(keys));
    }

    static Answer preview(SelectedSteps selected, Chosen chosen, Instant deadline) throws InterruptedException {
        SelectedSteps.Preview preview = selected.preview(chosen, deadline);
        ObjectNode body = Json.object().put("dryRun", true);
        DispatchCodec.counts(body.putObject("counts"), preview.counts());
        preview.examples().forEach(body.putArray("examples")::add);
        if (!chosen.keys().isEmpty()) {
            preview.unknown().forEach(body.putArray("unknownKeys")::add);
        }
        return Answer.json(200, body.put("complete", preview.complete()));
    }

    private Answer ofRun(String runId, Instant deadline) throws InterruptedException {
        return Answer.json(200, counts(runs.cancel(runId, deadline).orElseThrow(() -> Problem.noRun(runId))));
    }

    private Answer ofSteps(Chosen chosen, Instant deadline) throws InterruptedException {
        StepsCanceller.Cancelled done = steps.cancel(chosen, deadline);
        ObjectNode body = counts(done.counts());
        if (!chosen.keys().isEmpty()) {
            done.unknown().forEach(body.putArray("unknownKeys")::add);
        }
        return Answer.json(200, body.put("complete", done.complete()));
    }

    private static ObjectNode counts(SortedMap<StepState.Name, Integer> counts) {
        return Json.object()
                .put("cancelledCount", counts.getOrDefault(StepState.Name.CANCELLED, 0))
                .put("stoppingCount", counts.getOrDefault(StepState.Name.RUNNING, 0));
    }
}
