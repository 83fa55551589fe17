package dev.stepstile.local.handlers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.usecase.NamedFailure;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a handler threw in another process: it reads, and prints its stack trace with causes, as the original does. */
final class RemoteFailure extends Exception implements NamedFailure {
    private static final int CAUSES = 20;
    private static final int FRAMES = 1_024;

    private final String text;
    private final List<String> names;

    private RemoteFailure(String text, @Nullable String message, List<String> names, @Nullable Throwable cause) {
        super(message, cause);
        this.text = text;
        this.names = List.copyOf(names);
    }

    /** What {@link #of} reads. */
    static ObjectNode write(Throwable thrown) {
        return write(thrown, CAUSES);
    }

    private static ObjectNode write(Throwable thrown, int causes) {
        ObjectNode json = Json.object();
        try {
            json.put("text", thrown.toString());
            json.put("message", thrown.getMessage());
        } catch (RuntimeException | StackOverflowError e) { // of the user's class
            json.put("text", thrown.getClass().getName());
        }
        NamedFailure.namesOf(thrown).forEach(json.putArray("names")::add);
        ArrayNode frames = json.putArray("frames");
        StackTraceElement[] trace = thrown.getStackTrace();
        for (int i = 0; i < Math.min(trace.length, FRAMES); i++) {
            frames.addArray()
                    .add(trace[i].getModuleName())
                    .add(trace[i].getClassName())
                    .add(trace[i].getMethodName())
                    .add(trace[i].getFileName())
                    .add(trace[i].getLineNumber());
        }
        Throwable cause = thrown.getCause();
        if (cause != null && causes > 0) {
            json.set("cause", write(cause, causes - 1));
        }
        for (Throwable suppressed : thrown.getSuppressed()) {
            if (causes > 0) {
                json.withArray("suppressed").add(write(suppressed, causes / 2));
            }
        }
        return json;
    }

    static RemoteFailure of(JsonNode json) {
        List<String> names = new ArrayList<>();
        json.path("names").forEach(name -> names.add(name.asText()));
        RemoteFailure thrown = new RemoteFailure(
                json.path("text").asText(), message(json), names, json.has("cause") ? of(json.path("cause")) : null);
        thrown.setStackTrace(frames(json));
        json.path("suppressed").forEach(suppressed -> thrown.addSuppressed(of(suppressed)));
        return thrown;
    }

    /** Its message alone; null if it has none. */
    static @Nullable String message(JsonNode json) {
        return json.hasNonNull("message") ? json.path("message").asText() : null;
    }

    /** Another exception that stands for it, with its stack trace and its cause. */
    static <T extends Throwable> T dress(T stand, JsonNode json) {
        stand.setStackTrace(frames(json));
        if (json.has("cause") && stand.getCause() == null) {
            try {
                stand.initCause(of(json.path("cause")));
            } catch (IllegalStateException fixed) { // built with "no cause"
                stand.addSuppressed(of(json.path("cause")));
            }
        }
        return stand;
    }

    private static StackTraceElement[] frames(JsonNode json) {
        JsonNode frames = json.path("frames");
        StackTraceElement[] trace = new StackTraceElement[frames.size()];
        for (int i = 0; i < trace.length; i++) {
            JsonNode frame = frames.get(i);
            trace[i] = new StackTraceElement(
                    null,
                    frame.hasNonNull(0) ? frame.path(0).asText() : null,
                    null,
                    frame.path(1).asText(),
                    frame.path(2).asText(),
                    frame.hasNonNull(3) ? frame.path(3).asText() : null,
                    frame.path(4).asInt());
        }
        return trace;
    }

    @Override
    public List<String> names() {
        return names;
    }

    @SuppressWarnings("OverrideThrowableToString") // as the original's class has it, which is not here
    @Override
    public String toString() {
        return text;
    }
}
