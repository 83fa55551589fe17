package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.StepSpec;
import java.util.ArrayList;
import java.util.List;

/** The manifest of a dispatch: the messages of its steps, in one list. */
public final class ManifestCodec {
    /** Has once what its steps share; version 1 was a list of whole messages. */
    private static final int VERSION = 3;

    private static final String INDEX = "index";
    private static final List<String> OWN = List.of("key", "shard", "input", "tags");

    private ManifestCodec() {}

    /**
     * The steps of a dispatch, in order: {@code {"v": 3, "common": {…}, "steps": [{…}, …]}}. {@code common} is the first
     * step's message without what is its own; a step has its own members, and those that differ from {@code common}.
     */
    public static String write(List<StepSpec> steps) {
        ObjectNode manifest = Json.object().put("v", VERSION);
        ObjectNode common = manifest.putObject("common");
        ArrayNode array = manifest.putArray("steps");
        for (StepSpec step : steps) {
            ObjectNode node = MessageCodec.node(step);
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

    /** Reads a manifest of either form. */
    public static List<StepSpec> read(String json) {
        JsonNode manifest = Json.parse(json);
        List<StepSpec> steps = new ArrayList<>();
        if (manifest.isArray()) {
            manifest.forEach(node -> steps.add(MessageCodec.spec(node, 1)));
            return steps;
        }
        int version = Json.integer(manifest, "v");
        if (version > VERSION) {
            throw new Json.BadJson("the manifest is of a newer version");
        }
        JsonNode common = Json.member(manifest, "common");
        for (JsonNode own : Json.member(manifest, "steps")) {
            ObjectNode step = Json.object().put(INDEX, steps.size());
            common.properties().forEach(member -> step.set(member.getKey(), member.getValue()));
            own.properties().forEach(member -> step.set(member.getKey(), member.getValue()));
            steps.add(MessageCodec.spec(step, version));
        }
        return steps;
    }
}
