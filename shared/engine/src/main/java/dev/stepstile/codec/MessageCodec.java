package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepTags;
import dev.stepstile.step.TraceContext;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The bodies of messages in the queue: steps, and dead letters that were moved back into it. */
public final class MessageCodec {
    /** Raised when an older worker could misread a message; it then puts it back for a newer one. */
    public static final int VERSION = 4;

    /** Of messages without what version 4 knows: older workers run them. */
    private static final int PLAIN = 3;

    /** What an older worker would ignore, and run the step when or as it must not. */
    private static final List<String> OF_VERSION_4 =
            List.of(RecordCodec.RETRY_ON, RecordCodec.RETRY_NEVER, RecordCodec.NOT_BEFORE, RecordCodec.DEADLINE);

    /** The first version, of messages and manifests, with the words of the API: before it, {@code key} was {@code stepKey}. */
    private static final int KEY = 3;

    /** Is absent where the run is the tenant, and in messages of versions that knew none. */
    private static final String TENANT = "tenant";

    private static final String TRACESTATE = "tracestate";

    private static final Pattern BREAKS_A_LINE = Pattern.compile("[\\p{Cntrl}\\u2028\\u2029]");

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
        ObjectNode node = node(spec);
        return Json.print(node.put("v", version(node)));
    }

    /** Of a message with these members. */
    static int version(ObjectNode message) {
        return OF_VERSION_4.stream().anyMatch(message::has) ? VERSION : PLAIN;
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
            String unrecognised = version < KEY ? "undecodable" : DeadLetterCodec.UNRECOGNISED;
            if (node.has(unrecognised)) {
                return decode(Json.text(node, unrecognised));
            }
            if (node.has(DeadLetterCodec.DEAD)) {
                return new Decoded.MovedBack(
                        spec(Json.member(node, DeadLetterCodec.DEAD), version), Json.integer(node, "attempt"));
            }
            return new Decoded.Step(spec(node, version));
        } catch (Json.BadJson | IllegalArgumentException | ArithmeticException e) {
            return new Decoded.Unrecognised(String.valueOf(e.getMessage()));
        }
    }

    static ObjectNode node(StepSpec spec) {
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
        if (!spec.tenant().equals(spec.id().runId())) {
            node.put(TENANT, spec.tenant());
        }
        if (spec.tracestate() != null) {
            node.put(TRACESTATE, spec.tracestate());
        }
        return node;
    }

    static StepId id(JsonNode node, int version) {
        return new StepId(Json.text(node, "runId"), Json.text(node, version < KEY ? "stepKey" : "key"));
    }

    static StepSpec spec(JsonNode node, int version) {
        StepId id = id(node, version);
        StepSettings settings = RecordCodec.settings(node, null);
        int shard = Json.integer(node, "shard");
        valid("runId", Limits.isRunIdOfAnyVersion(id.runId()));
        valid("key", isKey(id.stepKey()));
        valid("dispatchId", Limits.isDispatchId(settings.dispatchId()));
        String tenant = node.hasNonNull(TENANT) ? Json.text(node, TENANT) : id.runId();
        valid(TENANT, Limits.isTenant(tenant));
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
                new StepSpec.Queueing(
                        tenant,
                        Json.instant(node, "validUntil"),
                        TraceContext.state(node.path(TRACESTATE).textValue())));
    }

    /** Messages of earlier versions have blanks at the ends of keys, and never another character that strips. */
    private static boolean isKey(String key) {
        return Limits.isStepKey(key.strip()) && !BREAKS_A_LINE.matcher(key).find();
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
