package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.step.Truncation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An exception as a process reports it.
 *
 * @param name the exception's class; null if its language has none
 * @param message its text, usually with its name before it
 * @param cause what it was raised from
 * @param context what was being handled when it was raised
 */
record PipesException(
        @Nullable String name,
        String message,
        List<String> stack,
        @Nullable PipesException cause,
        @Nullable PipesException context) {

    private static final int MESSAGE_CHARS = 200;
    private static final Pattern FRAME = Pattern.compile("File \"(?:[^\"]*[/\\\\])?([^\"/\\\\]+)\", line (\\d+)");
    private static final Set<String> STATUS_0 =
            Set.of("", "SystemExit", "SystemExit: 0", "SystemExit: None", "SystemExit: False");

    static PipesException read(JsonNode node) {
        List<String> stack = new ArrayList<>();
        for (JsonNode frame : node.path("stack")) {
            stack.add(frame.asText());
        }
        return new PipesException(
                node.path("name").isTextual() ? node.path("name").textValue() : null,
                node.path("message").asText("").strip(),
                List.copyOf(stack),
                nested(node.path("cause")),
                nested(node.path("context")));
    }

    private static @Nullable PipesException nested(JsonNode node) {
        return node.isObject() ? read(node) : null;
    }

    /**
     * Python's {@code sys.exit(0)} and its like. Other numbers do not count: 256 is a status of 0 to the parent
     * process.
     */
    boolean isExitWithStatus0() {
        return "SystemExit".equals(name) && STATUS_0.contains(message);
    }

    /** Its class, for {@code retry.on} and {@code retry.never}. */
    List<String> names() {
        return name == null ? List.of() : List.of(name);
    }

    /** In one line, with its causes: for a step's error. */
    String summary() {
        StringBuilder summary = new StringBuilder(describe());
        PipesException inner = this;
        while (inner.cause != null || inner.context != null) {
            if (inner.cause != null) {
                inner = inner.cause;
                summary.append(" (caused by ").append(inner.describe()).append(')');
            } else if (inner.context != null) {
                inner = inner.context;
                summary.append(" (while handling ").append(inner.describe()).append(')');
            }
        }
        return summary.toString();
    }

    /** Its message, shortened, and where it was raised. */
    private String describe() {
        return Truncation.middle(named(), MESSAGE_CHARS) + place();
    }

    private String named() {
        if (name == null || message.startsWith(name) || message.contains(name + ":")) {
            return message.isEmpty() ? "an exception without a message" : message;
        }
        return message.isEmpty() ? name : name + ": " + message;
    }

    /** The innermost frame, if it is as Python writes one. */
    private String place() {
        if (stack.isEmpty()) {
            return "";
        }
        Matcher frame = FRAME.matcher(stack.getLast());
        return frame.find() ? " (" + frame.group(1) + ":" + frame.group(2) + ")" : "";
    }
}
