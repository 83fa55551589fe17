package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the examples in {@code docs/protocol.md} answer is in the records, every member of it. */
class AnswersOfThePageTest {
    private static final String ANY = "…";
    /** Of operators, who read them by the command line and the console; neither client has them so far. */
    private static final List<String> NOT_IN_THE_RECORDS =
            List.of("queuedSince", "durationSeconds", "paused", "input", "inputLocation");

    private static final Pattern EXAMPLE =
            Pattern.compile("```http\nGET (\\S+)\n```\\s*```json 200\n(.*?)\n```", Pattern.DOTALL);

    @Test
    void every_member_of_every_answered_step_run_and_running_step_is_in_its_record() throws IOException {
        int compared = 0;
        for (MatchResult example :
                EXAMPLE.matcher(Documents.read("protocol.md")).results().toList()) {
            String path = example.group(1);
            List<JsonNode> answered =
                    entries(path, Json.answer(example.group(2)).orElseThrow());
            List<JsonNode> shown = entries(path, Conversation.parsed(example.group(2)));
            for (int i = 0; i < shown.size(); i++) {
                JsonNode read = WireForm.said(read(path, answered.get(i)).orElseThrow());
                JsonNode expected = WireForm.said(shown.get(i));
                assertThat(WireForm.matches(expected, read))
                        .as("GET %s is read as %s, not %s", path, read, expected)
                        .isTrue();
            }
            compared += shown.size();
        }
        assertThat(compared).isGreaterThan(10);
    }

    private static List<JsonNode> entries(String path, JsonNode body) {
        fill(body);
        List<JsonNode> entries =
                body.has("steps") ? body.path("steps").valueStream().toList() : List.of(body);
        return entries.stream().filter(entry -> read(path, entry).isPresent()).toList();
    }

    /** An entry as a client returns it; empty for what it makes no record of. */
    private static Optional<JsonNode> read(String path, JsonNode entry) {
        String call = path.replaceFirst("\\?.*", "").replaceFirst("^/v1/runs/[^/]+", "");
        return switch (call) {
            case "" -> Optional.of(WireForm.of(AnswerReader.status(entry)));
            case "/running" -> Optional.of(WireForm.of(AnswerReader.running(entry)));
            case "/feed", "/step/result" -> Optional.empty();
            default -> call.startsWith("/step") ? Optional.of(WireForm.of(AnswerReader.step(entry))) : Optional.empty();
        };
    }

    private static void fill(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(List.of("cursor", ANY));
            object.remove(NOT_IN_THE_RECORDS);
            object.properties().forEach(member -> {
                if (member.getValue().asText().equals(ANY)) {
                    boolean time = member.getKey().matches("at|.*At|notBefore|deadline|leaseUntil");
                    boolean number = member.getKey().endsWith("Count");
                    member.setValue(
                            time
                                    ? TextNode.valueOf("2026-11-24T08:00:00Z")
                                    : number ? Json.MAPPER.getNodeFactory().numberNode(7) : TextNode.valueOf("x"));
                }
                fill(member.getValue());
            });
        } else if (node instanceof ArrayNode array) {
            array.forEach(AnswersOfThePageTest::fill);
        }
    }
}
