package dev.stepstile.local;

import dev.stepstile.traces.TraceTargets;
import dev.stepstile.usecase.Traces;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where a local stack sends spans. */
final class LocalTraces {
    private LocalTraces() {}

    /** @throws IllegalArgumentException with a sentence that says what is wrong with it */
    static Traces of(StackOptions options, InstantSource clock) {
        String target = target(options);
        return target == null ? Traces.NONE : TraceTargets.of(target, System.getenv(), clock);
    }

    /** What functions in processes of their own, whose folder is another, find in their environment, with this. */
    static Map<String, String> addedTo(Map<String, String> variables, StackOptions options) {
        String target = target(options);
        Map<String, String> all = new LinkedHashMap<>(variables);
        if (target != null) {
            all.put(Traces.TARGET, target);
        }
        return all;
    }

    private static @Nullable String target(StackOptions options) {
        String target = options.addresses().traces();
        return target == null || target.contains("://")
                ? target
                : Path.of(target).toAbsolutePath().toString();
    }
}
