package dev.stepstile.client;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A step to run.
 *
 * @param key names the step within its run for ever: the same key again is the same step. 1 to 512 bytes of UTF-8, any text
 *     without {@code #} and control characters
 * @param input handed to the handler as it is, at most 5 MiB
 * @param settings what differs from the dispatch's defaults
 * @param tags handed to the handler, added to those of the dispatch: at most 20, names and values of at most 200 characters
 */
public record Step(String key, JsonValue input, StepSettings settings, Map<String, String> tags) {
    /**
     * Keeps a copy of the tags.
     *
     * @throws IllegalArgumentException if a limit is exceeded
     */
    public Step {
        Checked.key(key);
        Checked.input(input);
        tags = Map.copyOf(Checked.tags(tags));
        if (settings.deadline() != null) {
            throw new IllegalArgumentException(
                    "deadline must be of a dispatch's defaults, and is of the step " + key + ".");
        }
    }

    /**
     * A step of a handler.
     *
     * @param input as {@link JsonValue#of} takes it
     * @throws IllegalArgumentException if there is no JSON for the input, or a limit is exceeded
     */
    public static Step of(String key, String handler, @Nullable Object input) {
        return new Step(key, JsonValue.of(input), StepSettings.handler(handler), Map.of());
    }

    /** The same with other settings, which name the handler too, unless the dispatch's defaults do. */
    public Step withSettings(StepSettings other) {
        return new Step(key, input, other, tags);
    }

    /** The same with other tags. */
    public Step withTags(Map<String, String> other) {
        return new Step(key, input, settings, other);
    }
}
