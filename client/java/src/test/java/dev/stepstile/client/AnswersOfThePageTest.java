package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.testing.ScriptedApi.Answer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the examples in {@code docs/protocol.md} answer is in what the client returns, every member of it. */
class AnswersOfThePageTest {
    private static final String ANY = "…";
    private static final Pattern EXAMPLE =
            Pattern.compile("```http\n(GET|POST) (\\S+)\n([^`]*)```\\s*```json 20\\d\n(.*?)\n```", Pattern.DOTALL);
    private static final Pattern OF_A_RUN = Pattern.compile("/v1/runs/([^/]+)(/.*)?");

    /** The feed is read by followers; a result is compared with its digest. */
    private static final Set<String> READ_OTHERWISE = Set.of("/feed", "/step/result");

    private record Example(ObjectNode call, ObjectNode answer) {}

    @Test
    void every_member_of_every_answer_is_in_what_the_client_returns() throws IOException {
        Set<String> compared = new TreeSet<>();
        for (MatchResult found :
                EXAMPLE.matcher(Documents.read("protocol.md")).results().toList()) {
            Optional<Example> example = example(found);
            if (example.isPresent()) {
                compare(example.get());
                compared.add(example.get().call().path("call").asText());
            }
        }
        assertThat(compared)
                .contains("audit", "cancel", "cancelSteps", "deadLetters", "dispatch", "failures", "lookup", "pause")
                .contains("pauses", "purgeDeadLetters", "redrive", "redriveDeadLetters", "resume", "running")
                .contains("runningEverywhere", "runs", "status", "step", "steps");
    }

    private static void compare(Example example) throws IOException {
        try (ScriptedApi api = new ScriptedApi(_ -> Answer.of(200, Json.print(example.answer())));
                StepstileClient client = StepstileClient.of(api.endpoint())) {
            JsonNode read = WireForm.said(new ConversationCall(client, example.call()).made());
            JsonNode expected = WireForm.said(expected(example));
            assertThat(WireForm.matches(expected, read))
                    .as("%s is read as %s, not %s", example.call(), read, expected)
                    .isTrue();
        }
    }

    /** A documented call as a conversation has it; empty for what is read otherwise. */
    private static Optional<Example> example(MatchResult found) {
        ObjectNode answer = (ObjectNode) Conversation.parsed(found.group(4));
        fill(answer);
        String path = found.group(2).replaceFirst("\\?.*", "");
        Matcher ofRun = OF_A_RUN.matcher(path);
        boolean isOfRun = ofRun.matches();
        String of = isOfRun ? Optional.ofNullable(ofRun.group(2)).orElse("") : path;
        if (READ_OTHERWISE.contains(of)) {
            return Optional.empty();
        }
        String body = found.group(3).strip();
        ObjectNode call = body.isEmpty() ? Json.object() : (ObjectNode) Conversation.parsed(body);
        if (call.has("keys") && path.startsWith("/v1/dead-letters")) {
            call.set("letterKeys", call.remove("keys"));
        }
        String name = name(of, call);
        call.put("call", name)
                .put("run", isOfRun ? ofRun.group(1) : call.path("runId").asText("letters"));
        if (name.equals("step")) {
            call.put("key", answer.path("key").asText());
        }
        if (of.startsWith("/v1/") && !call.has("handler")) {
            call.put("everything", true);
        }
        return Optional.of(new Example(call, answer));
    }

    private static String name(String of, JsonNode body) {
        return switch (of) {
            case "" -> "status";
            case "/dispatches" -> "dispatch";
            case "/steps/lookup" -> "lookup";
            case "/cancel" -> body.isEmpty() ? "cancel" : "cancelSteps";
            case "/v1/running" -> "runningEverywhere";
            case "/v1/dead-letters" -> "deadLetters";
            case "/v1/dead-letters/redrive" -> "redriveDeadLetters";
            case "/v1/dead-letters/purge" -> "purgeDeadLetters";
            default -> of.startsWith("/steps/") ? "step" : of.replaceFirst(".*/", "");
        };
    }

    private static JsonNode expected(Example example) {
        ObjectNode answer = example.answer().deepCopy();
        return switch (example.call().path("call").asText()) {
            case "running" -> {
                JsonNode steps = answer.path("steps");
                steps.forEach(
                        step -> ((ObjectNode) step).set("runId", example.call().path("run")));
                yield steps;
            }
            case "lookup" -> {
                ObjectNode byKey = Json.object();
                answer.path("entries")
                        .forEach(entry -> byKey.set(entry.path("key").asText(), entry));
                yield byKey;
            }
            case "failures" -> answer.without(List.of("readCount"));
            case "runs" -> answer.path("runs");
            case "steps", "runningEverywhere" -> answer.path("steps");
            case "pauses", "deadLetters" ->
                answer.path(example.call().path("call").asText());
            default -> answer;
        };
    }

    private static void fill(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(List.of("cursor"));
            object.properties().forEach(member -> {
                if (member.getValue().asText().equals(ANY)) {
                    boolean time = member.getKey().matches("at|.*At|.*Since|notBefore|deadline|leaseUntil");
                    boolean number = member.getKey().matches(".*(Count|Seconds)");
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
