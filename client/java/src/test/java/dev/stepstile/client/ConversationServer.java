package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.testing.ScriptedApi.Answer;
import dev.stepstile.testing.ScriptedApi.Call;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/** Answers as a conversation's {@code server} says, at the time that the client's waits make. */
final class ConversationServer implements Function<Call, Answer> {
    private final List<JsonNode> script = new ArrayList<>();
    private final Map<String, JsonNode> always = new HashMap<>();
    private final List<String> unexpected = new ArrayList<>();
    private final JsonNode feed;
    private final JsonNode records;
    private final Supplier<Double> seconds;
    private final double within;

    /** @param seconds how many have passed */
    ConversationServer(JsonNode told, double within, Supplier<Double> seconds) {
        this.within = within;
        told.path("script").forEach(script::add);
        told.path("always")
                .properties()
                .forEach(answer -> always.put(ConversationCall.sorted(answer.getKey()), answer.getValue()));
        this.feed = told.path("feed");
        this.records = told.path("records");
        this.seconds = seconds;
    }

    /** Requests that the conversation does not have. */
    List<String> unexpected() {
        return unexpected;
    }

    /** Requests that did not come. */
    List<JsonNode> missing() {
        return script;
    }

    @Override
    public Answer apply(Call call) {
        String request = ConversationCall.sorted(call.method() + " " + call.target());
        String path = request.replaceFirst("\\?.*", "");
        if (seconds.get() > within) {
            unexpected.add(request + " after " + seconds.get() + " s");
            return Answer.problem("too-late", 400);
        }
        if (isNext(request, call)) {
            return answer(script.removeFirst().path("answer"));
        }
        JsonNode fixed = always.get(request);
        if (fixed != null) {
            return answer(fixed);
        }
        if (feed.isArray() && path.endsWith("/feed")) {
            String cursor = ConversationCall.parameter(request, "cursor");
            return Answer.of(200, Json.print(page(cursor == null ? 0 : Integer.parseInt(cursor))));
        }
        if (records.isObject() && path.endsWith("/steps/lookup")) {
            return Answer.of(
                    200, Json.print(found(Conversation.parsed(call.body()).path("keys"))));
        }
        unexpected.add(request + " " + call.body());
        return Answer.problem("unexpected", 400);
    }

    private boolean isNext(String request, Call call) {
        if (script.isEmpty()
                || !ConversationCall.sorted(script.getFirst().path("request").asText())
                        .equals(request)) {
            return false;
        }
        JsonNode expected = script.getFirst().path("body");
        return (expected.isMissingNode() || WireForm.matches(expected, Conversation.parsed(call.body())))
                && script.getFirst().path("headers").properties().stream()
                        .allMatch(header -> Objects.equals(
                                header.getValue().textValue(), call.headers().get(header.getKey())));
    }

    /** What is seen of the feed behind a position: an entry may come to be seen when later ones were already read. */
    private JsonNode page(int cursor) {
        ObjectNode page = Json.object();
        ArrayNode entries = page.putArray("entries");
        int next = cursor;
        for (int at = cursor; at < feed.size(); at++) {
            if (feed.path(at).path("from").asDouble() <= seconds.get()) {
                entries.add(feed.path(at).path("entry"));
                next = at + 1;
            }
        }
        return page.put("cursor", String.valueOf(next)).put("caughtUp", true);
    }

    private JsonNode found(JsonNode keys) {
        ObjectNode answer = Json.object();
        ArrayNode entries = answer.putArray("entries");
        ArrayNode absent = answer.putArray("absentKeys");
        for (JsonNode key : keys) {
            if (records.has(key.asText())) {
                entries.add(records.path(key.asText()));
            } else {
                absent.add(key);
            }
        }
        return answer;
    }

    private static Answer answer(JsonNode told) {
        if (told.isTextual()) {
            return ScriptedApi.Answer.HANG_UP;
        }
        Map<String, String> headers = new TreeMap<>();
        told.path("headers")
                .properties()
                .forEach(
                        header -> headers.put(header.getKey(), header.getValue().asText()));
        int status = told.path("status").asInt();
        String body = told.has("problem")
                ? Answer.problem(told.path("problem").asText(), status).body()
                : told.has("text")
                        ? told.path("text").asText()
                        : Json.print(told.path("body").isObject() ? told.path("body") : Json.object());
        return new Answer(status, body, headers);
    }
}
