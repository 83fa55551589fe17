package dev.stepstile.usecase;

import dev.stepstile.codec.Json;
import dev.stepstile.port.PortException;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepSpec;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads what a handler gets: the inputs and the tags of its step, wherever they are stored. */
record InputReader(Payloads payloads) {

    HandlerInput input(StepSpec spec) throws AttemptFailed {
        SortedMap<String, String> shared = new TreeMap<>();
        for (Map.Entry<String, Payload> entry : spec.sharedInputs().entrySet()) {
            shared.put(entry.getKey(), read("Input", entry.getValue()));
        }
        return new HandlerInput(read("Input", spec.input()), shared);
    }

    /** The step's own tags, over those of its dispatch. */
    SortedMap<String, String> tags(StepSpec spec) throws AttemptFailed {
        Payload common = spec.tags().common();
        if (common == null) {
            return spec.tags().own();
        }
        SortedMap<String, String> tags = new TreeMap<>();
        Json.parse(read("Tags", common))
                .properties()
                .forEach(tag -> tags.put(tag.getKey(), tag.getValue().asText()));
        tags.putAll(spec.tags().own());
        return tags;
    }

    private String read(String what, Payload payload) throws AttemptFailed {
        try {
            return payloads.get(payload);
        } catch (Payloads.Missing missing) {
            throw AttemptFailed.ofMissing(what, missing);
        } catch (PortException port) {
            throw AttemptFailed.ofPayloadStore(port);
        }
    }
}
