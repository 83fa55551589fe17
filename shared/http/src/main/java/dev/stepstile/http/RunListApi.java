package dev.stepstile.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Answer;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.port.RunPosition;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Pauses;
import dev.stepstile.usecase.PauseControl;
import dev.stepstile.usecase.RunList;
import dev.stepstile.usecase.RunQueries;
import dev.stepstile.usecase.RunningSteps;
import java.util.function.Function;

/** What concerns no single run: {@code GET /v1/runs}, the runs, and {@code GET /v1/running}, the running steps of all. */
final class RunListApi {
    private static final int RUNS = 20;

    private final RunQueries queries;
    private final PauseControl pauses;

    RunListApi(RunQueries queries, PauseControl pauses) {
        this.queries = queries;
        this.pauses = pauses;
    }

    Answer runs(Http.Call call) throws InterruptedException {
        call.takes("open", "paused", "prefix", "since", "until", "limit", "cursor");
        boolean paused = call.flag("paused");
        Pauses known = pauses.known();
        RunList.Filter filter = new RunList.Filter(
                call.flag("open"),
                paused ? known : null,
                prefix(call.query().getOrDefault("prefix", "")),
                FilterParameters.span(call.query().get("since"), call.query().get("until")));
        EntryPage<RunQueries.Status> entries = new EntryPage<>(status -> StatusView.brief(status, known));
        RunList.Page page = queries.runs()
                .page(
                        filter,
                        Cursors.runs(call.query().get("cursor")),
                        Parameters.limit(call, RUNS, Limits.RUNS_PAGE),
                        entries);
        ObjectNode body = Json.object();
        body.set("runs", entries.nodes());
        RunPosition next = page.next();
        if (next != null) {
            body.put("cursor", Cursors.runs(next));
        }
        return Answer.json(200, body);
    }

    private static String prefix(String text) {
        if (!text.isEmpty() && !Limits.isRunIdOfAnyVersion(text)) {
            throw Problem.badRequest(
                    "bad-prefix", "'prefix' of runIds must have 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ + = -");
        }
        return text;
    }

    Answer running(Http.Call call) throws InterruptedException {
        call.takes("worker", "exact", "limit", "cursor");
        String worker = call.query().get("worker");
        if (worker != null && !Limits.isDispatchId(worker)) {
            throw Problem.badRequest(
                    "bad-worker",
                    "'worker' must be the id of a worker, as a running step has it: 1 to 128 characters of"
                            + " A-Z a-z 0-9 . _ : ~ @ + = -");
        }
        return running(call, new RunningSteps.Filter(null, worker), "", running -> {
            ObjectNode node = Json.object().put("runId", running.step().id().runId());
            return node.setAll(StepView.running(running));
        });
    }

    /** @param list whose cursor the call has: that of a run, or the empty one of all */
    Answer running(
            Http.Call call, RunningSteps.Filter filter, String list, Function<RunningSteps.Running, ObjectNode> view)
            throws InterruptedException {
        RunningSteps.Cursor from = Cursors.running(list, call.query().get("cursor"));
        int limit = Parameters.limit(call);
        EntryPage<RunningSteps.Running> entries = new EntryPage<>(view);
        RunningSteps.Page page = call.flag("exact")
                ? queries.running().exactPage(filter, from, limit, entries)
                : queries.running().page(filter, from, limit, entries);
        ObjectNode body = Json.object();
        body.set("steps", entries.nodes());
        RunningSteps.Cursor next = page.next();
        if (next != null) {
            body.put("cursor", Cursors.running(list, next));
        }
        return Answer.json(200, body);
    }
}
