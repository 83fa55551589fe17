package dev.stepstile.cli.ops;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/** Prints the lines of logs: for people or as JSON; of several steps, each line with its step. */
final class LogPrinter {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final char RECORD = '\u001E';
    private static final int KEY = 24;

    private final Screen screen;
    private final boolean json;
    private final boolean ofSeveral;

    LogPrinter(Screen screen, boolean json, boolean ofSeveral) {
        this.screen = screen;
        this.json = json;
        this.ofSeveral = ofSeveral;
    }

    /** Whether somebody still reads. */
    boolean isRead() {
        return !screen.closed();
    }

    /** The lines of a page, as the step call answers it. */
    void print(String key, JsonNode page) {
        page.path("lines").forEach(line -> print(key, page, line.asText()));
    }

    private void print(String key, JsonNode page, String line) {
        if (json) {
            ObjectNode entry = JSON.createObjectNode();
            if (ofSeveral) {
                entry.put("key", key);
            }
            entry.set("attempt", page.path("attempt"));
            entry.set("at", page.path("at"));
            screen.line(entry.put("line", line).toString());
        } else {
            shown(line)
                    .ifPresent(
                            text -> screen.line(named(key, page.path("attempt").asInt())
                                    + (screen.interactive() ? Text.clean(text) : text)));
        }
    }

    /** Into a pipe, a tab ends the key: no key has one. */
    private String named(String key, int attempt) {
        if (!ofSeveral) {
            return "";
        }
        String name = attempt > 1 ? key + " #" + attempt : key;
        return screen.interactive()
                ? screen.faint(Text.padded(Text.cutMiddle(Text.clean(name), KEY), KEY)) + "  "
                : name + "\t";
    }

    /** What a line stands for; empty for a record that is not for people. */
    private static Optional<String> shown(String line) {
        if (line.isEmpty() || line.charAt(0) != RECORD) {
            return Optional.of(line);
        }
        try {
            JsonNode record = JSON.readTree(line.substring(1));
            if (record.has("stderr")) {
                return Optional.of(record.path("stderr").asText());
            }
            JsonNode log = record.path("log");
            return log.isObject()
                    ? Optional.of(log.path("level").asText() + "  "
                            + log.path("message").asText())
                    : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }
}
