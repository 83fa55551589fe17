package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.RedriveCall;
import java.util.ArrayList;
import java.util.List;

/** A redrive call as JSON, complete: reading gives back what was written. Instants in milliseconds. */
public final class RedriveCodec {
    private RedriveCodec() {}

    public static String write(RedriveCall call) {
        ObjectNode node = Json.object()
                .put("runId", call.runId())
                .put("redriveId", call.redriveId())
                .put("digest", call.digest());
        Json.putInstant(node, "calledAt", call.calledAt());
        Integer redriven = call.redriven();
        if (redriven != null) {
            node.put("redriven", redriven);
        }
        call.unknown().forEach(node.putArray("unknown")::add);
        return Json.print(node);
    }

    public static RedriveCall read(String json) {
        JsonNode node = Json.parse(json);
        List<String> unknown = new ArrayList<>();
        node.path("unknown").forEach(key -> unknown.add(key.textValue()));
        return new RedriveCall(
                Json.text(node, "runId"),
                Json.text(node, "redriveId"),
                Json.text(node, "digest"),
                Json.instant(node, "calledAt"),
                node.has("redriven") ? Json.integer(node, "redriven") : null,
                unknown);
    }
}
