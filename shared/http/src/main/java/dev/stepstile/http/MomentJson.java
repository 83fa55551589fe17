package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Moment;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/** A moment as a caller writes it: {@code "2026-11-24T08:00:00Z"}, or a number of seconds after the call is accepted. */
final class MomentJson {
    /** What can be stored and shown; the stack that accepts the call says what is too far away. */
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59Z");

    private MomentJson() {}

    /**
     * @param whose of whom the member is, for the message
     * @param problem the type of the problem with it
     * @return null if absent
     */
    static @Nullable Moment read(String whose, JsonNode holder, String name, String problem, Duration most) {
        if (!holder.hasNonNull(name)) {
            return null;
        }
        JsonNode node = holder.path(name);
        if (node.isNumber()) {
            double seconds = node.doubleValue();
            if (seconds >= 0 && seconds <= most.toSeconds()) {
                return new Moment.After(Duration.ofMillis(Math.round(seconds * 1000)));
            }
        } else if (node.isTextual()) {
            try {
                Instant at = OffsetDateTime.parse(node.textValue()).toInstant();
                if (!at.isBefore(Instant.EPOCH) && !at.isAfter(LAST)) {
                    return new Moment.At(at);
                }
            } catch (DateTimeException notOne) {
                // said below
            }
        }
        throw Problem.badRequest(
                problem,
                whose + "'" + name + "' must be an instant, such as \"2026-11-24T08:00:00Z\", or a number of seconds"
                        + " from 0 to " + most.toSeconds() + " after the call is accepted.");
    }
}
