package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A conversation that both clients have, held by this one. What its file says is described beside the files, in
 * {@code testing/contracts/src/main/resources/conversations}.
 *
 * @param calls what the client is asked, with what it is to return or to throw
 * @param told the rest: what the server answers, how long the client waits
 */
record Conversation(String title, List<JsonNode> calls, JsonNode told) {
    static final Path FILES = Path.of("../../testing/contracts/src/main/resources/conversations");

    static List<Conversation> in(String folder) throws IOException {
        List<Conversation> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(FILES.resolve(folder))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".json"))
                    .sorted()
                    .toList()) {
                for (JsonNode told : Json.MAPPER.readTree(Files.readString(file))) {
                    all.add(new Conversation(
                            told.path("title").asText(),
                            told.path("calls").valueStream().toList(),
                            told));
                }
            }
        }
        return all;
    }

    @Override
    public String toString() {
        return title;
    }

    /** @param run the run that a conversation's name of a run stands for */
    void hold(StepstileClient client, UnaryOperator<String> run) {
        for (JsonNode each : calls) {
            ObjectNode call = (ObjectNode) WireForm.writtenOut(each);
            call.put("run", run.apply(call.path("run").asText()));
            if (call.has("raises")) {
                raises(client, call);
            } else {
                returns(client, call);
            }
        }
    }

    private static void returns(StepstileClient client, JsonNode call) {
        JsonNode returned = WireForm.said(new ConversationCall(client, call).made());
        JsonNode expected = WireForm.said(call.path("returns"));
        if (call.path("inAnyOrder").asBoolean()) {
            returned = sorted(returned);
            expected = sorted(expected);
        }
        assertThat(WireForm.matches(expected, returned))
                .as("%s returned %s, not %s", call.path("call").asText(), shortened(returned), shortened(expected))
                .isTrue();
    }

    private static JsonNode sorted(JsonNode list) {
        return Json.MAPPER.valueToTree(list.valueStream()
                .sorted(Comparator.comparing(item -> item.path("key").asText()))
                .toList());
    }

    private static String shortened(JsonNode node) {
        String text = node.toString();
        return text.length() < 2_000 ? text : text.substring(0, 2_000) + "…";
    }

    /** The names of what is raised are Python's. */
    private static void raises(StepstileClient client, JsonNode call) {
        Throwable thrown = catchThrowable(() -> new ConversationCall(client, call).made());
        Class<? extends Throwable> kind = switch (call.path("raises").asText()) {
            case "BadInput" -> IllegalArgumentException.class;
            case "DamagedResult" -> DamagedResultException.class;
            case "Refused" -> RefusedException.class;
            case "Unauthorised" -> UnauthorisedException.class;
            case "Unreachable" -> UnreachableException.class;
            default -> throw new IllegalStateException("no such error: " + call.path("raises"));
        };
        assertThat(thrown).as(shortened(call)).isInstanceOf(kind);
        String message = Objects.requireNonNull(thrown.getMessage());
        if (call.has("field")) {
            JsonNode field = call.path("field").isTextual()
                    ? call.path("field")
                    : call.path("field").path("java");
            assertThat(message).startsWith(field.asText() + " must ").endsWith(".");
        }
        call.path("says").forEach(part -> assertThat(message).contains(part.asText()));
        if (thrown instanceof RefusedException refused) {
            assertThat(refused.type()).isEqualTo(call.path("type").asText());
            assertThat(refused.status()).isEqualTo(call.path("status").asInt());
        }
    }

    static JsonNode parsed(String text) {
        try {
            return Json.MAPPER.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
