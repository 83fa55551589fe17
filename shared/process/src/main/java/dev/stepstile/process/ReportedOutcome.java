package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.RetryAfter;
import java.time.Duration;

/** Reads how a process says that its step has not succeeded. */
final class ReportedOutcome {
    /** Before this a moment has not just passed, it is no moment that anybody meant: an absolute time, say. */
    private static final double EARLIEST = -3_600;

    /** A year. What is beyond Stepstile's own limit, but below this, waits for that limit. */
    private static final double LATEST = 366 * 86_400;

    private ReportedOutcome() {}

    /** The message of {@code stepstile.fail}: an object with it, or the message itself. */
    static String failure(JsonNode told) throws PipesMessage.Malformed {
        if (told.isTextual()) {
            return told.textValue();
        }
        if (!told.isObject()) {
            throw new PipesMessage.Malformed("should have 'stepstile.fail', an object with 'message'");
        }
        return message(told, "stepstile.fail", "The handler said so.");
    }

    /** A moment that has just passed is now. */
    static RetryAfter retryAfter(JsonNode told) throws PipesMessage.Malformed {
        JsonNode given = told.path("seconds");
        double seconds = given.isNumber() ? given.asDouble() : Double.NaN;
        if (!(seconds >= EARLIEST && seconds <= LATEST)) {
            throw new PipesMessage.Malformed(
                    "should have 'stepstile.retry_after' with 'seconds', a number from now on, " + (long) LATEST
                            + " at most");
        }
        return new RetryAfter(
                Duration.ofMillis(Math.max(0, Math.round(seconds * 1000))),
                message(told, "stepstile.retry_after", "The handler asked for it."));
    }

    private static String message(JsonNode told, String member, String otherwise) throws PipesMessage.Malformed {
        JsonNode message = told.path("message");
        if (message.isContainerNode()) {
            throw new PipesMessage.Malformed("should have '" + member + "' with 'message', a string");
        }
        return message.isNull() || message.isMissingNode() ? otherwise : message.asText();
    }
}
