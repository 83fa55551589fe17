package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Answer;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.DeadLetters;
import dev.stepstile.usecase.DeadLetters.Done;
import dev.stepstile.usecase.DeadLetters.Listed;
import dev.stepstile.usecase.DeadLetters.Selection;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@code /v1/dead-letters…}: what is in the dead-letter queue, redrive, purge. */
final class DeadLettersApi {
    private static final List<String> KINDS = Stream.concat(
                    Arrays.stream(StepError.Kind.values()).map(Enum::name),
                    Stream.of(DeadLetterCodec.RECEIVED_TOO_OFTEN_KIND, DeadLetterCodec.UNRECOGNISED_KIND))
            .toList();

    private final DeadLetters deadLetters;

    DeadLettersApi(DeadLetters deadLetters) {
        this.deadLetters = deadLetters;
    }

    /**
     * @param rest of the path
     * @param deadline when a redrive leaves the rest to the next call
     */
    Answer answer(List<String> rest, Http.Call call, Instant deadline) throws InterruptedException {
        try {
            return switch (String.join("/", rest)) {
                case "" -> list(RunsApi.only("GET", call));
                case "redrive" -> redrive(RunsApi.only("POST", call), deadline);
                case "purge" -> purge(RunsApi.only("POST", call));
                default -> throw RunsApi.noSuchCall();
            };
        } catch (Json.BadJson e) {
            throw Problem.badRequest("bad-json", "Invalid request body: " + e.getMessage() + ".");
        }
    }

    private Answer list(Http.Call call) throws InterruptedException {
        call.takes("runId", "key", "handler", "kind", "body", "limit");
        String runId = call.query().get("runId");
        String key = call.query().get("key");
        if (key != null) {
            StepKeyValidation.refuse("key", key);
        }
        Selection selection = selection(
                runId,
                key == null ? Set.of() : Set.of(key),
                call.query().get("handler"),
                call.query().get("kind"),
                true);
        int limit = Parameters.limit(call);
        boolean bodies = call.flag("body");
        DeadLetters.Listing listing = deadLetters.list(selection, limit, bodies ? Limits.ANSWER_BYTES / 2 : 0);
        EntryPage<Listed> entries = new EntryPage<>(DeadLettersApi::shown);
        boolean fits = listing.letters().stream().allMatch(entries);
        ObjectNode body = Json.object();
        body.set("deadLetters", entries.nodes());
        body.put("approximateCount", listing.approximateCount()).put("complete", listing.complete() && fits);
        return Answer.json(200, body);
    }

    private static ObjectNode shown(Listed listed) {
        DeadLetters.Letter letter = listed.letter();
        DeadLetterCodec.Summary content = letter.content();
        ObjectNode node = Json.object().put("messageId", letter.received().messageId());
        StepView.put(node, "sentAt", letter.received().sentAt());
        node.put("receiveCount", letter.received().count());
        StepId step = content.step();
        if (step == null) {
            node.put("kind", content.kind()).put("message", content.message()).put("unrecognised", true);
        } else {
            node.put("runId", step.runId()).put("key", step.stepKey()).put("attempt", content.attempt());
            put(node, "dispatchId", content.dispatchId());
            put(node, "handler", content.handler());
            node.put("kind", content.kind()).put("message", content.message());
            StepView.put(node, "finishedAt", content.finishedAt());
            StepState.Name state = listed.state();
            put(node, "stepState", state == null ? null : state.name());
            if (listed.stale()) {
                node.put("stale", true);
            }
        }
        put(node, "body", letter.body());
        return node;
    }

    private static void put(ObjectNode node, String name, @Nullable String text) {
        if (text != null) {
            node.put(name, text);
        }
    }

    private Answer redrive(Http.Call call, Instant deadline) throws InterruptedException {
        call.takes();
        JsonNode body = Parameters.body(
                call, Set.of("runId", "keys", "handler", "kind", "all", "overrides", "redriveId", "dryRun"));
        Selection selection = selection(body, false);
        DeadLetters.Retry retry = new DeadLetters.Retry(
                OverridesJson.read(body),
                OverridesJson.input(body, !selection.keys().isEmpty()),
                Parameters.id(body, "redriveId", "bad-redrive-id"));
        boolean dryRun = flag(body, "dryRun");
        deadLetters.outOfTime(retry.overrides()).ifPresent(refused -> {
            throw DispatchApi.problem(refused);
        });
        Done done = deadLetters.redrive(selection, retry, dryRun, deadline);
        return dryRun
                ? dryRun(done)
                : Answer.json(
                        200,
                        Json.object()
                                .put("redrivenCount", done.redriven())
                                .put("deletedCount", done.deleted())
                                .put("leftCount", done.left())
                                .put("complete", done.complete()));
    }

    private Answer purge(Http.Call call) throws InterruptedException {
        call.takes();
        JsonNode body =
                Parameters.body(call, Set.of("runId", "keys", "handler", "kind", "all", "unrecognised", "dryRun"));
        Selection selection = selection(body, flag(body, "unrecognised"));
        boolean dryRun = flag(body, "dryRun");
        Done done = deadLetters.purge(selection, dryRun);
        return dryRun
                ? dryRun(done)
                : Answer.json(
                        200,
                        Json.object()
                                .put("purgedCount", done.deleted())
                                .put("leftCount", done.left())
                                .put("complete", done.complete()));
    }

    private static Answer dryRun(Done done) {
        ObjectNode node = Json.object().put("dryRun", true);
        ObjectNode counts = node.putObject("counts");
        done.counts().forEach(counts::put);
        done.examples().forEach(node.putArray("examples")::add);
        return Answer.json(
                200,
                node.put("deletedCount", done.deleted())
                        .put("leftCount", done.left())
                        .put("complete", done.complete()));
    }

    /** What a body selects; nothing is never "all". */
    private static Selection selection(JsonNode body, boolean unrecognised) {
        String runId = text(body, "runId", "bad-run-id");
        Set<String> keys = new TreeSet<>(Parameters.keys(body));
        String handler = text(body, "handler", "bad-handler");
        String kind = text(body, "kind", "bad-kind");
        boolean all = flag(body, "all");
        boolean named = runId != null || !keys.isEmpty() || handler != null || kind != null;
        if (all && named) {
            throw Problem.badRequest(
                    "bad-selection", "'all' means every dead letter; omit it, or runId, keys, handler and kind.");
        }
        if (unrecognised && named) {
            throw Problem.badRequest(
                    "bad-selection",
                    "'unrecognised' goes alone or with 'all': a message that is not recognised has no run, key, handler"
                            + " or kind to be selected by.");
        }
        if (!all && !named && !unrecognised) {
            throw Problem.badRequest(
                    "bad-selection",
                    "Nothing is selected: name runId, keys, handler or kind, or say \"all\": true for every dead letter.");
        }
        if (DeadLetterCodec.UNRECOGNISED_KIND.equals(kind)) {
            throw Problem.badRequest(
                    "bad-kind",
                    "Messages of this kind have no step to redrive; to purge them, say \"unrecognised\": true.");
        }
        return selection(
                runId, keys, handler, unrecognised && !all ? DeadLetterCodec.UNRECOGNISED_KIND : kind, unrecognised);
    }

    private static Selection selection(
            @Nullable String runId,
            Set<String> keys,
            @Nullable String handler,
            @Nullable String kind,
            boolean unrecognised) {
        if (runId == null && !keys.isEmpty()) {
            throw Problem.badRequest("bad-run-id", "A step key is one of a run: name its runId too.");
        }
        if (runId != null) {
            Parameters.runId(runId);
        }
        if (handler != null && !Limits.isHandlerName(handler)) {
            throw badHandler();
        }
        if (kind != null && !KINDS.contains(kind)) {
            throw Problem.badRequest("bad-kind", "No such kind. The kinds are " + String.join(", ", KINDS) + ".");
        }
        return new Selection(runId, keys, handler, kind, unrecognised);
    }

    private static Problem badHandler() {
        return Problem.badRequest("bad-handler", "'handler' must have 1 to 128 characters of A-Z a-z 0-9 . _ -");
    }

    private static @Nullable String text(JsonNode body, String name, String problem) {
        JsonNode node = body.path(name);
        if (node.isMissingNode() || node.isNull()) {
            return null;
        }
        if (!node.isTextual()) {
            throw Problem.badRequest(problem, "'" + name + "' must be a string.");
        }
        return node.textValue();
    }

    private static boolean flag(JsonNode body, String name) {
        JsonNode node = body.path(name);
        if (!node.isBoolean() && !node.isMissingNode() && !node.isNull()) {
            throw Problem.badRequest("bad-flag", "'" + name + "' must be true or false.");
        }
        return node.booleanValue();
    }
}
