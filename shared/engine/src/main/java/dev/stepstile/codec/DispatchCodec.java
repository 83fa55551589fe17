package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Notification;
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
                .put("digest", dispatch.accepted().digest())
                .put("shards", dispatch.accepted().shards())
                .put("stepCount", dispatch.accepted().stepCount());
        node.set("manifest", PayloadJson.write(dispatch.accepted().manifest()));
        Json.putInstant(node, "createdAt", dispatch.accepted().createdAt());
        Json.putInstant(node, "validUntil", dispatch.accepted().validUntil());
        Json.putInstant(node, "sentAt", dispatch.sending().sentAt());
        Json.putInstant(node, "lastSentAt", dispatch.sending().lastSentAt());
        node.put("resends", dispatch.sending().resends());
        node.put("finished", dispatch.progress().finished().base64());
        counts(node.putObject("finishedCounts"), dispatch.progress().finishedCounts());
        counts(node.putObject("openCounts"), dispatch.progress().openCounts());
        Json.putInstant(node, "countedAt", dispatch.progress().countedAt());
        Dispatch.Reading reading = dispatch.progress().reading();
        Json.putInstant(node, "readAt", reading.readAt());
        Json.putInstant(node, "emptyReadAt", reading.emptyReadAt());
        Json.putInstant(node, "actAt", reading.actAt());
        node.put("cancelSeqRead", reading.cancelSeq());
        Json.putInstant(node, "endsReadTo", reading.endsReadTo());
        node.put("version", dispatch.version());
        Json.putInstant(node, "keepOpenUntil", dispatch.schedule().keepOpenUntil());
        Json.putInstant(node, "nextSweepAt", dispatch.schedule().nextAt());
        node.put("attached", dispatch.accepted().attached());
        Json.putInstant(node, "refreshedAt", dispatch.refresh().since());
        RefreshProgress refresh = dispatch.refresh().soFar();
        if (refresh != null) {
            Json.putInstant(node, "refreshSince", refresh.since());
            node.put("refreshed", refresh.steps().base64());
        }
        Notification notification = dispatch.schedule().notification();
        if (notification != null) {
            node.set("notification", NotificationCodec.write(notification));
        }
        return Json.print(node);
    }

    public static Dispatch read(String json) {
        JsonNode node = Json.parse(json);
        return new Dispatch(
                new DispatchId(Json.text(node, "runId"), Json.text(node, "dispatchId")),
                new Dispatch.Accepted(
                        Json.text(node, "digest"),
                        Json.integer(node, "shards"),
                        Json.integer(node, "stepCount"),
                        PayloadJson.read(Json.member(node, "manifest")),
                        Json.instant(node, "createdAt"),
                        Json.instant(node, "validUntil"),
                        node.path("attached").intValue()),
                new Dispatch.Sending(
                        Json.instantOrNull(node, "sentAt"),
                        Json.instant(node, "lastSentAt"),
                        Json.integer(node, "resends")),
                new Dispatch.Progress(
                        new StepBits(Json.text(node, "finished")),
                        counts(node.path("finishedCounts")),
                        counts(node.path("openCounts")),
                        Json.instantOrNull(node, "countedAt"),
                        reading(node)),
                new Dispatch.Schedule(
                        Json.instantOrNull(node, "nextSweepAt"),
                        Json.instant(node, "keepOpenUntil"),
                        node.has("notification") ? NotificationCodec.read(node.path("notification")) : null),
                new Dispatch.Refresh(
                        Json.instant(node, node.has("refreshedAt") ? "refreshedAt" : "createdAt"),
                        node.has("refreshSince")
                                ? new RefreshProgress(
                                        Json.instant(node, "refreshSince"), new StepBits(Json.text(node, "refreshed")))
                                : null),
                Json.number(node, "version"));
    }

    private static Dispatch.Reading reading(JsonNode node) {
        return node.has("endsReadTo")
                ? new Dispatch.Reading(
                        Json.instantOrNull(node, "readAt"),
                        Json.instantOrNull(node, "emptyReadAt"),
                        Json.instantOrNull(node, "actAt"),
                        Json.number(node, "cancelSeqRead"),
                        Json.instant(node, "endsReadTo"))
                : Dispatch.Reading.UNREAD; // a version before wrote it
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
