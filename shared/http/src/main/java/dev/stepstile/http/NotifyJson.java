package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Notification;
import dev.stepstile.step.NotifyTarget;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Whom a dispatch notifies, as its caller names it, and what became of that, as a run's status shows it. */
final class NotifyJson {
    static final String PROBLEM = "bad-notify";

    private NotifyJson() {}

    /**
     * The target that {@code notify} names; null if there is none.
     *
     * @param tags of {@code defaults}, which are part of the notification
     */
    static @Nullable NotifyTarget target(JsonNode notify, SortedMap<String, String> tags) {
        if (!notify.isObject()) {
            return null;
        }
        Parameters.known(notify, "'notify'", Set.of("event", "webhook"));
        JsonNode event = Parameters.object(notify, "event", PROBLEM);
        JsonNode webhook = Parameters.object(notify, "webhook", PROBLEM);
        if (event.isObject() == webhook.isObject()) {
            throw bad("'notify' must have one member: {\"event\": {}} or {\"webhook\": {\"url\": \"https://…\"}}.");
        }
        int bytes = Json.print(Json.object(tags)).getBytes(StandardCharsets.UTF_8).length;
        if (bytes > Limits.NOTIFY_TAGS_BYTES) {
            throw bad("'defaults.tags' are part of the notification: beside 'notify', they may have at most "
                    + Limits.NOTIFY_TAGS_BYTES + " bytes as JSON, and have " + bytes
                    + "; give the steps their own tags instead.");
        }
        if (event.isObject()) {
            Parameters.known(event, "'notify.event'", Set.of());
            return new NotifyTarget.Event();
        }
        Parameters.known(webhook, "'notify.webhook'", Set.of("url"));
        String url = webhook.path("url").textValue();
        if (url == null || url.isEmpty() || Parameters.isLonger(url, Limits.WEBHOOK_URL_LENGTH)) {
            throw bad("'notify.webhook.url' must be a string of 1 to " + Limits.WEBHOOK_URL_LENGTH + " characters.");
        }
        return new NotifyTarget.Webhook(url);
    }

    private static Problem bad(String why) {
        return Problem.badRequest(PROBLEM, why);
    }

    /** What became of the notifications of these dispatches. */
    static ArrayNode status(List<Dispatch> dispatches) {
        ArrayNode all = Json.array();
        for (Dispatch dispatch : dispatches) {
            Notification notification = dispatch.schedule().notification();
            if (notification != null) {
                status(all.addObject().put("dispatchId", dispatch.dispatchId()), notification);
            }
        }
        return all;
    }

    private static void status(ObjectNode node, Notification notification) {
        node.put("state", notification.status().name());
        Notification.Closing closing = notification.closing();
        if (closing != null) {
            node.put("version", closing.version());
            StepView.put(node, "closedAt", closing.at());
            node.put("tries", closing.tries());
            StepView.put(node, "nextTryAt", closing.nextTryAt());
            if (closing.error() != null) {
                node.put("error", closing.error());
            }
        }
    }
}
