package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.RefreshProgress;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepState;
import java.util.SortedMap;
import java.util.TreeMap;

/** A dispatch as JSON, complete: reading gives back what was written. Instants in milliseconds. */
public final class DispatchCodec {
    private DispatchCodec() {}

    public static String write(Dispatch dispatch) {
        ObjectNode node = Json.object()
                .put("runId", dispatch.runId())
                .put("dispatchId", dispatch.dispatchId())
                .put("digest", dispatch.digest())
                .put("shards", dispatch.shards())
                .put("stepCount", dispatch.stepCount());
        node.set("manifest", PayloadJson.write(dispatch.manifest()));
        Json.putInstant(node, "createdAt", dispatch.createdAt());
        Json.putInstant(node, "validUntil", dispatch.validUntil());
        Json.putInstant(node, "sentAt", dispatch.sentAt());
        Json.putInstant(node, "lastSentAt", dispatch.lastSentAt());
        node.put("resends", dispatch.resends());
        node.put("finished", dispatch.finished().base64());
        counts(node.putObject("finishedCounts"), dispatch.finishedCounts());
        counts(node.putObject("openCounts"), dispatch.openCounts());
        Json.putInstant(node, "countedAt", dispatch.countedAt());
        node.put("version", dispatch.version());
        Json.putInstant(node, "keepOpenUntil", dispatch.keepOpenUntil());
        Json.putInstant(node, "nextSweepAt", dispatch.nextSweepAt());
        Json.putInstant(node, "sweptAt", dispatch.sweptAt());
        node.put("attached", dispatch.attached());
        Json.putInstant(node, "refreshedAt", dispatch.refreshedAt());
        RefreshProgress refresh = dispatch.refresh();
        if (refresh != null) {
            Json.putInstant(node, "refreshSince", refresh.since());
            node.put("refreshed", refresh.steps().base64());
        }
        return Json.print(node);
    }

    public static Dispatch read(String json) {
        JsonNode node = Json.parse(json);
        return new Dispatch(
                Json.text(node, "runId"),
                Json.text(node, "dispatchId"),
                Json.text(node, "digest"),
                Json.integer(node, "shards"),
                Json.integer(node, "stepCount"),
                PayloadJson.read(Json.member(node, "manifest")),
                Json.instant(node, "createdAt"),
                Json.instant(node, "validUntil"),
                Json.instantOrNull(node, "sentAt"),
                Json.instant(node, "lastSentAt"),
                Json.integer(node, "resends"),
                new StepBits(Json.text(node, "finished")),
                counts(node.path("finishedCounts")),
                counts(node.path("openCounts")),
                Json.instantOrNull(node, "countedAt"),
                Json.number(node, "version"),
                Json.instant(node, "keepOpenUntil"),
                Json.instantOrNull(node, "nextSweepAt"),
                Json.instantOrNull(node, "sweptAt"),
                node.path("attached").intValue(),
                Json.instant(node, node.has("refreshedAt") ? "refreshedAt" : "createdAt"),
                node.has("refreshSince")
                        ? new RefreshProgress(
                                Json.instant(node, "refreshSince"), new StepBits(Json.text(node, "refreshed")))
                        : null);
    }

    public static void counts(ObjectNode node, SortedMap<StepState.Name, Integer> counts) {
        counts.forEach((state, count) -> node.put(state.name(), count));
    }

    public static SortedMap<StepState.Name, Integer> counts(JsonNode node) {
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        node.properties()
                .forEach(e -> counts.put(
                        StepState.Name.valueOf(e.getKey()), e.getValue().intValue()));
        return counts;
    }
}
