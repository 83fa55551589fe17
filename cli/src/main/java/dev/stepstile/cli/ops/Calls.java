package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.StepstileClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The calls of the API, as JSON: what the wire contract says is what is printed. */
record Calls(StepstileClient client) implements AutoCloseable {
    private static final String CURSOR = "cursor";

    JsonNode get(String path, Map<String, String> query) {
        return client.get(path, query).tree();
    }

    JsonValue raw(String path, Map<String, String> query) {
        return client.get(path, query);
    }

    JsonNode post(String path, ObjectNode body) {
        return client.post(path, JsonValue.of(body)).tree();
    }

    /**
     * Reads a list through its pages.
     *
     * @param member of each answer that holds the entries
     * @param printed prints a page, and says whether to go on
     * @return whether there are, or may be, more
     */
    boolean pages(String path, Map<String, String> query, String member, Page page, Predicate<List<JsonNode>> printed) {
        Map<String, String> next = new TreeMap<>(query);
        int left = page.most();
        while (true) {
            int limit = page.most() == 0 ? page.largest() : Math.min(page.largest(), left);
            next.put("limit", String.valueOf(limit));
            JsonNode answer = get(path, next);
            List<JsonNode> entries = new ArrayList<>();
            answer.path(member).forEach(entries::add);
            left -= entries.size();
            boolean more = answer.has(CURSOR);
            if (!printed.test(entries) || !more || (page.most() > 0 && left <= 0)) {
                return more;
            }
            next.put(CURSOR, answer.path(CURSOR).asText());
        }
    }

    /**
     * How much of a list is read.
     *
     * @param most entries in all; 0 for all that there are
     * @param largest page that the call answers
     */
    record Page(int most, int largest) {}

    @Override
    public void close() {
        client.close();
    }
}
