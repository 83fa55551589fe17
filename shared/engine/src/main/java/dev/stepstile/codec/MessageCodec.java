package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepTags;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The bodies of messages: steps, dead letters, and what is not recognised; and the manifest, which is a list of steps. */
public final class MessageCodec {
    /** Raised when an older worker could misread a message; it then puts it back for a newer one. */
    public static final int VERSION = 3;

    /** The first version, of messages and manifests, with the words of the API: before it, {@code key} was {@code stepKey}. */
    private static final int KEY = 3;

    /** Of a manifest that has once what its steps share; version 1 was a list of whole messages. */
    private static final int MANIFEST = 3;

    /** The kind of a dead letter whose message is not recognised; the other kinds are those of {@link StepError}. */
    public static final String UNRECOGNISED_KIND = "UNRECOGNISED_MESSAGE";

    private static final String UNRECOGNISED = "unrecognised";

    private MessageCodec() {}

    /** What a message body turns out to be. */
    public sealed interface Decoded {
        record Step(StepSpec spec) implements Decoded {}

        /** A dead letter that AWS's own redrive moved back: acts as a redrive of a step that died at {@code attempt}. */
        record MovedBack(StepSpec spec, int attempt) implements Decoded {}

        /** From a newer deployment; a newer worker will know it. */
        record NewerVersion(int version) implements Decoded {}

        record Unrecognised(String reason) implements Decoded {}
    }

    public static String step(StepSpec spec) {
        return Json.print(node(spec).put("v", VERSION));
    }

    public static Decoded decode(String body) {
        try {
            JsonNode node = Json.parse(body);
            if (!node.isObject()) {
                return new Decoded.Unrecognised("not a JSON object");
            }
            int version = Json.integer(node, "v");
            if (version > VERSION) {
                return new Decoded.NewerVersion(version);
            }
            if (version < 1) {
                return new Decoded.Unrecognised("unknown version " + version + ", the first is 1");
            }
            String unrecognised = version < KEY ? "undecodable" : UNRECOGNISED;
            if (node.has(unrecognised)) {
                return decode(Json.text(node, unrecognised));
            }
            if (node.has("dead")) {
                return new Decoded.MovedBack(spec(Json.member(node, "dead"), version), Json.integer(node, "attempt"));
            }
            return new Decoded.Step(spec(node, version));
        } catch (Json.BadJson | IllegalArgumentException | ArithmeticException e) {
            return new Decoded.Unrecognised(String.valueOf(e.getMessage()));
        }
    }

    /** A dead letter: the step's message, the attempt it died at, why, and what its attempts met. */
    public static String dead(StepSpec spec, StepRecord record, StepState.Dead dead) {
        ObjectNode node = Json.object().put("v", VERSION).put("attempt", record.attempt());
        node.put("kind", dead.error().kind().name());
        node.put("message", dead.error().message());
        node.put("finishedAt", dead.finishedAt().toString());
        ArrayNode attempts = node.putArray("attempts");
        for (FailedAttempt note : record.history()) {
            attempts.addObject()
                    .put("attempt", note.attempt())
                    .put("endedAt", note.endedAt().toString())
                    .put("kind", note.cause().name())
                    .put("message", note.message());
        }
        node.set("dead", node(spec));
        return Json.print(node);
    }

    /** A dead letter for a message that is not recognised, with the whole message in it. */
    public static String unrecognised(String messageId, String reason, String body) {
        return Json.print(Json.object()
                .put("v", VERSION)
                .put("messageId", messageId)
                .put("kind", UNRECOGNISED_KIND)
                .put("message", reason)
                .put(UNRECOGNISED, body));
    }

    /** What a person is shown of a dead letter: which step, at which attempt, and why. */
    public record Letter(@Nullable StepId step, int attempt, String kind, String message) {}

    public static Letter deadLetter(String body) {
        try {
            JsonNode node = Json.parse(body);
            JsonNode dead = node.get("dead");
            StepId id = dead == null ? null : id(dead, Json.integer(node, "v"));
            return new Letter(
                    id,
                    node.path("attempt").intValue(),
                    node.path("kind").asText(UNRECOGNISED_KIND),
                    node.path("message").asText(""));
        } catch (Json.BadJson e) {
            return new Letter(
                    null,
                    0,
                    UNRECOGNISED_KIND,
                    "The dead letter is not one that Stepstile wrote: " + e.getMessage() + ".");
        }
    }

    /**
     * The steps of a dispatch, in order: {@code {"v": 3, "common": {…}, "steps": [{…}, …]}}. {@code common} is the first
     * step's message without what is its own; a step has its own members, and those that differ from {@code common}.
     */
    public static String manifest(List<StepSpec> steps) {
        ObjectNode manifest = Json.object().put("v", MANIFEST);
        ObjectNode common = manifest.putObject("common");
        ArrayNode array = manifest.putArray("steps");
        for (StepSpec step : steps) {
            ObjectNode node = node(step);
            node.remove(INDEX); // its place in the list
            if (array.isEmpty()) {
                common.setAll(node.deepCopy());
                common.remove(OWN);
            }
            for (var member : common.properties()) {
                if (member.getValue().equals(node.get(member.getKey()))) {
                    node.remove(member.getKey());
                } else if (!node.has(member.getKey())) {
                    node.putNull(member.getKey()); // the step has none
                }
            }
            array.add(node);
        }
        return Json.print(manifest);
    }

    private static final String INDEX = "index";
    private static final List<String> OWN = List.of("key", "shard", "input", "tags");

    /** Reads a manifest of either form. */
    public static List<StepSpec> manifest(String json) {
        JsonNode manifest = Json.parse(json);
        List<StepSpec> steps = new ArrayList<>();
        if (manifest.isArray()) {
            manifest.forEach(node -> steps.add(spec(node, 1)));
            return steps;
        }
        int version = Json.integer(manifest, "v");
        if (version > MANIFEST) {
            throw new Json.BadJson("the manifest is of a newer version");
        }
        JsonNode common = Json.member(manifest, "common");
        for (JsonNode own : Json.member(manifest, "steps")) {
            ObjectNode step = Json.object().put(INDEX, steps.size());
            common.properties().forEach(member -> step.set(member.getKey(), member.getValue()));
            own.properties().forEach(member -> step.set(member.getKey(), member.getValue()));
            steps.add(spec(step, version));
        }
        return steps;
    }

    private static ObjectNode node(StepSpec spec) {
        ObjectNode node = RecordCodec.settings(spec.settings())
                .put("runId", spec.id().runId())
                .put("key", spec.id().stepKey())
                .put("shard", spec.shard());
        node.set("input", PayloadJson.write(spec.input()));
        if (!spec.sharedInputs().isEmpty()) {
            ObjectNode shared = node.putObject("sharedInputs");
            spec.sharedInputs().forEach((name, payload) -> shared.set(name, PayloadJson.write(payload)));
        }
        if (!spec.tags().own().isEmpty()) {
            ObjectNode tags = node.putObject("tags");
            spec.tags().own().forEach(tags::put);
        }
        Payload commonTags = spec.tags().common();
        if (commonTags != null) {
            node.set("commonTags", PayloadJson.write(commonTags));
        }
        Json.putInstant(node, "validUntil", spec.validUntil());
        return node;
    }

    private static StepId id(JsonNode node, int version) {
        return new StepId(Json.text(node, "runId"), Json.text(node, version < KEY ? "stepKey" : "key"));
    }

    private static StepSpec spec(JsonNode node, int version) {
        StepId id = id(node, version);
        StepSettings settings = RecordCodec.settings(node, null);
        int shard = Json.integer(node, "shard");
        valid("runId", Limits.isRunId(id.runId()));
        valid("key", Limits.isStepKey(id.stepKey().strip())); // messages of earlier versions have blanks at the ends
        valid("dispatchId", Limits.isDispatchId(settings.dispatchId()));
        valid("handler", Limits.isHandlerName(settings.handler()));
        atLeast("shard", 0, shard);
        atLeast("index", 0, settings.index());
        atLeast("maxAttempts", 1, settings.retry().maxAttempts());
        atLeast("baseMillis", 0, settings.retry().base().toMillis());
        atLeast("capMillis", 0, settings.retry().cap().toMillis());
        atLeast("timeoutMillis", 0, settings.timeout().toMillis());
        SortedMap<String, Payload> shared = new TreeMap<>();
        node.path("sharedInputs").properties().forEach(e -> shared.put(e.getKey(), PayloadJson.read(e.getValue())));
        SortedMap<String, String> tags = new TreeMap<>();
        node.path("tags")
                .properties()
                .forEach(e -> tags.put(e.getKey(), e.getValue().asText()));
        return new StepSpec(
                id,
                shard,
                settings,
                PayloadJson.read(Json.member(node, "input")),
                shared,
                new StepTags(tags, node.hasNonNull("commonTags") ? PayloadJson.read(node.get("commonTags")) : null),
                Json.instant(node, "validUntil"));
    }

    private static void valid(String name, boolean valid) {
        if (!valid) {
            throw new Json.BadJson("invalid '" + name + "'");
        }
    }

    private static void atLeast(String name, long least, long number) {
        if (number < least) {
            throw new Json.BadJson("'" + name + "' must be at least " + least);
        }
    }
}
