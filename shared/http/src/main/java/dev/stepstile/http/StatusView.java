package dev.stepstile.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Pauses;
import dev.stepstile.usecase.RunQueries;

/** How a run stands, as the API shows it. */
final class StatusView {
    private StatusView() {}

    /** Without its notifications, for a listing. */
    static ObjectNode brief(RunQueries.Status status, Pauses pauses) {
        ObjectNode body = Json.object()
                .put("runId", status.run().runId())
                .put("createdAt", status.run().createdAt().toString())
                .put("cancelled", status.run().cancelled())
                .put("dispatchCount", status.dispatches().count())
                .put("openDispatchCount", status.dispatches().open())
                .put("stepCount", status.steps());
        if (pauses.coverRun(status.run().runId())) {
            body.put("paused", true);
        }
        DispatchCodec.counts(body.putObject("counts"), status.counts());
        StepView.put(body, "countedAt", status.countedAt());
        return body;
    }

    static ObjectNode full(RunQueries.Status status, Pauses pauses) {
        ObjectNode body = brief(status, pauses);
        if (!status.dispatches().notifying().isEmpty()) {
            body.set("notifications", NotifyJson.status(status.dispatches().notifying()));
        }
        return body;
    }
}
