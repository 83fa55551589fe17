package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.RetryAfter;
import java.time.Duration;

/** Reads the messages by which a process reports that its step has not succeeded. */
final class ReportedOutcome {
    /** A retry time further in the past than this is a mistake, such as an absolute time where a delay is expected. */
    private static final double EARLIEST = -3_600;

    /** A year. What is beyond Stepstile's own limit, but below this, waits for that limit. */
    private static final double LATEST = 366 * 86_400;

    private ReportedOutcome() {}

    /** The message of {@code stepstile.fail}: an object with it, or the message itself. */
    static String failure(JsonNode member) throws PipesMessage.Malformed {
        if (member.isTextual()) {
            return member.textValue();
        }
        if (!member.isObject()) {
            throw new PipesMessage.Malformed("should have 'stepstile.fail', an object with 'message'");
        }
        return message(member, "stepstile.fail", "The handler reported a terminal failure.");
    }

    /** A time that has just passed means now. */
    static RetryAfter retryAfter(JsonNode member) throws PipesMessage.Malformed {
        JsonNode given = member.path("seconds");
        double seconds = given.isNumber() ? given.asDouble() : Double.NaN;
        if (!(seconds >= EARLIEST && seconds <= LATEST)) {
            throw new PipesMessage.Malformed(
                    "should have 'stepstile.retry_after' with 'seconds', a number from now on, " + (long) LATEST
                            + " at most");
        }
        return new RetryAfter(
                Duration.ofMillis(Math.max(0, Math.round(seconds * 1000))),
                message(member, "stepstile.retry_after", "The handler asked for a retry."));
    }

    private static String message(JsonNode outcome, String name, String otherwise) throws PipesMessage.Malformed {
        JsonNode message = outcome.path("message");
        if (message.isContainerNode()) {
            throw new PipesMessage.Malformed("should have '" + name + "' with 'message', a string");
        }
        return message.isNull() || message.isMissingNode() ? otherwise : message.asText();
    }
}
