package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.DateTimeException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The bodies of dead letters. {@link MessageCodec} reads one that was moved back into the queue. */
public final class DeadLetterCodec {
    /** The kind of a dead letter whose message is not recognised; the other kinds are those of {@link StepError}. */
    public static final String UNRECOGNISED_KIND = "UNRECOGNISED_MESSAGE";

    /** The kind of a step's own message that SQS moved to the dead letters by itself. */
    public static final String RECEIVED_TOO_OFTEN_KIND = "RECEIVED_TOO_OFTEN";

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

    /**
     * What an operator needs of a dead letter: which step, at which attempt, and why.
     *
     * @param step null if the message is not recognised
     * @param attempt at which the step died; 0 if it was never started, or if this is a step's own message
     * @param kind of the error, {@link #UNRECOGNISED_KIND} or {@link #RECEIVED_TOO_OFTEN_KIND}
     * @param finishedAt when the step died
     */
    public record Summary(
            @Nullable StepId step,
            int attempt,
            String kind,
            String message,
            @Nullable String dispatchId,
            @Nullable String handler,
            @Nullable Instant finishedAt) {
        /** Whether this is a step's own message, which reports no death, and so names no attempt. */
        public boolean isOwnMessage() {
            return kind.equals(RECEIVED_TOO_OFTEN_KIND);
        }
    }

    /** Reads a body of any version, also one that is none of ours. */
    public static Summary read(String body) {
        try {
            JsonNode node = Json.parse(body);
            JsonNode dead = node.get(DEAD);
            if (dead != null) {
                return dead(node, dead);
            }
            return node.isObject() && !node.has(UNRECOGNISED) && node.has("runId")
                    ? movedBySqs(node)
                    : unrecognised(node.path("message").asText(""));
        } catch (Json.BadJson | IllegalArgumentException | ArithmeticException | DateTimeException e) {
            return unrecognised("Unrecognised dead letter: " + e.getMessage() + ".");
        }
    }

    private static Summary dead(JsonNode node, JsonNode dead) {
        JsonNode finishedAt = node.path("finishedAt");
        return new Summary(
                id(node, dead),
                Json.integer(node, "attempt"),
                node.path("kind").asText(UNRECOGNISED_KIND),
                node.path("message").asText(""),
                dead.path("dispatchId").textValue(),
                dead.path("handler").textValue(),
                finishedAt.isTextual() ? Instant.parse(finishedAt.textValue()) : null);
    }

    /** SQS puts a message that was received more often than the queue's maxReceiveCount here as it is. */
    private static Summary movedBySqs(JsonNode message) {
        return new Summary(
                id(message, message),
                0,
                RECEIVED_TOO_OFTEN_KIND,
                "SQS moved the step's message here, as it was received too often; a sweep sends another if it is needed.",
                message.path("dispatchId").textValue(),
                message.path("handler").textValue(),
                null);
    }

    private static StepId id(JsonNode versioned, JsonNode message) {
        StepId id = MessageCodec.id(message, Json.integer(versioned, "v"));
        if (!Limits.isRunIdOfAnyVersion(id.runId())) {
            throw new Json.BadJson("invalid 'runId'");
        }
        return id;
    }

    private static Summary unrecognised(String message) {
        return new Summary(null, 0, UNRECOGNISED_KIND, message, null, null, null);
    }
}
