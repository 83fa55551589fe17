package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.port.RunPosition;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Run;
import dev.stepstile.usecase.RunQueries;
import dev.stepstile.usecase.RunningSteps;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Cursors: where the next page of an answer starts. Opaque; valid for one call to one run. */
final class Cursors {
    /** What a feed's cursor has for a shard: nothing yet, an instant, or the position of an entry. */
    private static final Pattern POSITION =
            Pattern.compile("|[0-9]{13}(#([^#]{1,24}|#[A-Za-z0-9_-]{22})#[0-9]{1,10}(#[0-9]{1,10})?)?");

    private Cursors() {}

    private static ObjectNode node(RunQueries.StepsCursor at) {
        return node(at.createdAt(), at.dispatchId(), at.index());
    }

    static ObjectNode node(Instant createdAt, String dispatchId, int index) {
        return Json.object()
                .put("c", createdAt.toEpochMilli())
                .put("d", dispatchId)
                .put("i", index);
    }

    /** @param call that goes through the steps of a run */
    static String steps(String call, String runId, RunQueries.StepsCursor at) {
        return write(call, runId, node(at));
    }

    static RunQueries.@Nullable StepsCursor steps(String call, String runId, @Nullable String text) {
        return text == null || text.isEmpty() ? null : stepsCursor(read(call, runId, text));
    }

    /** In the list of all runs. */
    static String runs(RunPosition at) {
        return write(
                "runs",
                "",
                Json.object().put("c", at.createdAt().toEpochMilli()).put("r", at.runId()));
    }

    static @Nullable RunPosition runs(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        JsonNode node = read("runs", "", text);
        try {
            RunPosition at = new RunPosition(Json.instant(node, "c"), Json.text(node, "r"));
            if (at.createdAt().equals(RunPosition.parse(at.text()).createdAt())
                    && (at.runId().isEmpty() || Limits.isRunIdOfAnyVersion(at.runId()))) {
                return at;
            }
        } catch (Json.BadJson | IllegalArgumentException | DateTimeException e) {
            throw bad();
        }
        throw bad();
    }

    private static RunQueries.StepsCursor stepsCursor(JsonNode node) {
        try {
            int index = Json.integer(node, "i");
            if (index >= 0) {
                return new RunQueries.StepsCursor(Json.instant(node, "c"), Json.text(node, "d"), index);
            }
        } catch (Json.BadJson | DateTimeException e) {
            throw bad();
        }
        throw bad();
    }

    static String status(String runId, RunQueries.Counting at) {
        ObjectNode node = node(at.from()).put("s", at.since().toEpochMilli());
        DispatchCodec.counts(node.putObject("n"), at.counts());
        return write("status", runId, node);
    }

    static RunQueries.@Nullable Counting status(String runId, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        JsonNode node = read("status", runId, text);
        RunQueries.StepsCursor from = stepsCursor(node);
        try {
            return new RunQueries.Counting(from, DispatchCodec.counts(node.path("n")), Json.instant(node, "s"));
        } catch (Json.BadJson | IllegalArgumentException | DateTimeException e) {
            throw bad();
        }
    }

    static String running(String runId, RunningSteps.Cursor at) {
        return write("running", runId, Json.object().put("w", at.worker()).put("i", at.place()));
    }

    static RunningSteps.@Nullable Cursor running(String runId, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        JsonNode node = read("running", runId, text);
        try {
            String worker = Json.text(node, "w");
            if (Limits.isDispatchId(worker)) {
                return new RunningSteps.Cursor(worker, Json.integer(node, "i"));
            }
        } catch (Json.BadJson e) {
            throw bad();
        }
        throw bad();
    }

    static String feed(String runId, List<String> positions) {
        ObjectNode node = Json.object();
        positions.forEach(node.putArray("p")::add);
        return write("feed", runId, node);
    }

    /** The positions of the run's shards; empty to start. */
    static List<String> feed(Run run, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            return List.of();
        }
        List<String> positions = new ArrayList<>();
        for (JsonNode position : read("feed", run.runId(), text).path("p")) {
            String at = position.asText();
            if (!position.isTextual() || !POSITION.matcher(at).matches()) {
                throw bad();
            }
            positions.add(at);
        }
        if (positions.size() != run.shards()) {
            throw bad();
        }
        return positions;
    }

    static String write(String call, String runId, ObjectNode position) {
        return text(position.put("call", call).put("run", runId));
    }

    /** @throws Problem if it is not one that this call to this run gave */
    static JsonNode read(String call, String runId, String text) {
        try {
            JsonNode node = Json.parse(Utf8.text(Base64.getUrlDecoder().decode(text)));
            if (call.equals(node.path("call").textValue())
                    && runId.equals(node.path("run").textValue())
                    && text(node).equals(text)) {
                return node;
            }
        } catch (IllegalArgumentException | Json.BadJson e) {
            // answered below
        }
        throw bad();
    }

    static Problem bad() {
        return Problem.badRequest(
                "bad-cursor", "Invalid cursor: pass a cursor that this call returned for this run, or none to start.");
    }

    private static String text(JsonNode node) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(Json.print(node).getBytes(StandardCharsets.UTF_8));
    }
}
