package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Notification;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.Sha256;
import java.util.SortedMap;
import java.util.TreeMap;

/** The notification of a dispatch as JSON, complete; and what its target is told. Instants that are stored, in milliseconds. */
public final class NotificationCodec {
    private NotificationCodec() {}

    public static ObjectNode write(Notification notification) {
        ObjectNode node = Json.object();
        node.set("target", target(notification.target()));
        node.put("tenant", notification.tenant());
        node.set("tags", Json.object(notification.tags()));
        Notification.Closing closing = notification.closing();
        if (closing != null) {
            node.put("version", closing.version());
            Json.putInstant(node, "closedAt", closing.at());
            node.put("tries", closing.tries());
            Json.putInstant(node, "nextTryAt", closing.nextTryAt());
            node.put("error", closing.error());
        }
        return node;
    }

    public static Notification read(JsonNode node) {
        SortedMap<String, String> tags = new TreeMap<>();
        node.path("tags")
                .properties()
                .forEach(tag -> tags.put(tag.getKey(), tag.getValue().textValue()));
        return new Notification(
                readTarget(Json.member(node, "target")),
                Json.text(node, "tenant"),
                tags,
                node.has("version")
                        ? new Notification.Closing(
                                Json.number(node, "version"),
                                Json.instant(node, "closedAt"),
                                Json.integer(node, "tries"),
                                Json.instantOrNull(node, "nextTryAt"),
                                node.path("error").textValue())
                        : null);
    }

    /** A target as it is stored, and as a dispatch names it. */
    public static ObjectNode target(NotifyTarget target) {
        ObjectNode node = Json.object();
        switch (target) {
            case NotifyTarget.Event _ -> node.putObject("event");
            case NotifyTarget.Webhook(String url) -> node.putObject("webhook").put("url", url);
        }
        return node;
    }

    private static NotifyTarget readTarget(JsonNode node) {
        return node.has("event")
                ? new NotifyTarget.Event()
                : new NotifyTarget.Webhook(Json.text(Json.member(node, "webhook"), "url"));
    }

    /** The id of the notification of this closing: of letters, digits and one underscore. */
    public static String id(Dispatch dispatch, Notification.Closing closing) {
        return "ssn_"
                + Sha256.hex(dispatch.runId() + "\n" + dispatch.dispatchId() + "\n" + closing.version())
                        .substring(0, 32);
    }

    /** What the target of a dispatch is told of this closing. */
    public static String data(Dispatch dispatch, Notification notification, Notification.Closing closing) {
        ObjectNode data = Json.object()
                .put("id", id(dispatch, closing))
                .put("runId", dispatch.runId())
                .put("dispatchId", dispatch.dispatchId())
                .put("version", closing.version())
                .put("tenant", notification.tenant());
        data.set("tags", Json.object(notification.tags()));
        data.put("createdAt", dispatch.accepted().createdAt().toString())
                .put("closedAt", closing.at().toString())
                .put("stepCount", dispatch.accepted().stepCount());
        DispatchCodec.counts(data.putObject("counts"), dispatch.counts());
        return Json.print(data);
    }
}
