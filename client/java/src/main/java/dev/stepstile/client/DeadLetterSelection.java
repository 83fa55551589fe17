package dev.stepstile.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which dead letters are meant: those that fit all that is named.
 *
 * @param runId null for any run
 * @param keys steps of the run; empty for any
 * @param handler null for any
 * @param kind of the error; null for any
 */
public record DeadLetterSelection(
        @Nullable String runId,
        List<String> keys,
        @Nullable String handler,
        @Nullable String kind) {
    /**
     * Keeps a copy of the keys.
     *
     * @throws IllegalArgumentException if a limit is exceeded, or there are keys and no run
     */
    public DeadLetterSelection {
        if (runId != null) {
            Checked.runId(runId);
        }
        keys = List.copyOf(Checked.keys(keys));
        if (runId == null && !keys.isEmpty()) {
            throw new IllegalArgumentException("keys must be of a run, and no runId is given.");
        }
        if (handler != null) {
            Checked.name("handler", handler);
        }
    }

    /** Every dead letter of a step. */
    public static DeadLetterSelection all() {
        return new DeadLetterSelection(null, List.of(), null, null);
    }

    /** Those of a run. */
    public static DeadLetterSelection ofRun(String runId) {
        return new DeadLetterSelection(runId, List.of(), null, null);
    }

    /**
     * Those of some steps of a run.
     *
     * @throws IllegalArgumentException if there are none, which never means all
     */
    public static DeadLetterSelection ofSteps(String runId, Collection<String> keys) {
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("keys must be at least one, and are none: ofRun is for all of the run.");
        }
        return new DeadLetterSelection(runId, List.copyOf(keys), null, null);
    }

    /** The same of one handler alone. */
    public DeadLetterSelection withHandler(String other) {
        return new DeadLetterSelection(runId, keys, other, kind);
    }

    /** The same of one kind of error alone. */
    public DeadLetterSelection withKind(String other) {
        return new DeadLetterSelection(runId, keys, handler, other);
    }

    /** The members of a call. */
    ObjectNode body() {
        ObjectNode body = Json.object();
        put(body, "runId", runId);
        put(body, "handler", handler);
        put(body, "kind", kind);
        if (!keys.isEmpty()) {
            keys.forEach(body.putArray("keys")::add);
        }
        return body.isEmpty() ? body.put("all", true) : body;
    }

    private static void put(ObjectNode body, String name, @Nullable String value) {
        if (value != null) {
            body.put(name, value);
        }
    }
}
