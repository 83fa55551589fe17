package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import org.jspecify.annotations.Nullable;

/** The bodies of dead letters. {@link MessageCodec} reads one that was moved back into the queue. */
public final class DeadLetterCodec {
    /** The kind of a dead letter whose message is not recognised; the other kinds are those of {@link StepError}. */
    public static final String UNRECOGNISED_KIND = "UNRECOGNISED_MESSAGE";

    static final String UNRECOGNISED = "unrecognised";
    static final String DEAD = "dead";

    private DeadLetterCodec() {}

    /** A dead letter: the step's message, the attempt it died at, why, and what its attempts met. */
    public static String dead(StepSpec spec, StepRecord record, StepState.Dead dead) {
        ObjectNode message = MessageCodec.node(spec);
        ObjectNode node = Json.object().put("v", MessageCodec.version(message)).put("attempt", record.attempt());
        node.put("kind", dead.error().kind().name());
        node.put("message", dead.error().message());
        node.put("finishedAt", dead.finishedAt().toString());
        ArrayNode attempts = node.putArray("attempts");
        for (FailedAttempt note : record.history()) {
            attempts.addObject()
                    .put("attempt", note.attempt())
                    .put("endedAt", note.endedAt().toString())
                    .put("kind", note.cause().name())
                    .put("message", note.message());
        }
        node.set(DEAD, message);
        return Json.print(node);
    }

    /** A dead letter for a message that is not recognised, with the whole message in it. */
    public static String unrecognised(String messageId, String reason, String body) {
        return Json.print(Json.object()
                .put("v", MessageCodec.version(Json.object()))
                .put("messageId", messageId)
                .put("kind", UNRECOGNISED_KIND)
                .put("message", reason)
                .put(UNRECOGNISED, body));
    }

    /** What an operator needs of a dead letter: which step, at which attempt, and why. */
    public record Summary(@Nullable StepId step, int attempt, String kind, String message) {}

    public static Summary read(String body) {
        try {
            JsonNode node = Json.parse(body);
            JsonNode dead = node.get(DEAD);
            StepId id = dead == null ? null : MessageCodec.id(dead, Json.integer(node, "v"));
            return new Summary(
                    id,
                    node.path("attempt").intValue(),
                    node.path("kind").asText(UNRECOGNISED_KIND),
                    node.path("message").asText(""));
        } catch (Json.BadJson e) {
            return new Summary(null, 0, UNRECOGNISED_KIND, "Unrecognised dead letter: " + e.getMessage() + ".");
        }
    }
}
