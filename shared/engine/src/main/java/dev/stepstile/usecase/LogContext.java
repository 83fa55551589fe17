package dev.stepstile.usecase;

import dev.stepstile.step.StepId;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * What log lines carry beside their text: {@code run}, {@code step} and {@code attempt}, as far as they are known.
 * Lines that a thread logs within a {@link Scope} carry them, whichever class logs; so do those of tasks that it
 * starts ({@link Tasks}).
 *
 * @param stepKey null for lines about a whole run
 * @param attempt 0 before the claim
 */
public record LogContext(@Nullable String runId, @Nullable String stepKey, int attempt) {
    /** Of what belongs to no run, or to one that is not known yet. */
    public static final LogContext NONE = new LogContext(null, null, 0);

    public static LogContext of(String runId) {
        return new LogContext(runId, null, 0);
    }

    public static LogContext of(StepId id, int attempt) {
        return new LogContext(id.runId(), id.stepKey(), attempt);
    }

    /** This thread's lines carry this context until the scope is closed; then they carry what they did before. */
    public Scope open() {
        return new Scope(this);
    }

    /** This thread's lines carry a word more, beside their context, until it is closed. */
    static Word carrying(String name, String value) {
        MDC.put(name, value);
        return () -> MDC.remove(name);
    }

    /** While it is open, its thread's lines carry it. */
    interface Word extends AutoCloseable {
        @Override
        void close();
    }

    /** While it is open, its thread's lines carry a context. */
    public static final class Scope implements AutoCloseable {
        private final Map<String, @Nullable String> before = new TreeMap<>();

        private Scope(LogContext context) {
            for (String key : keys(context).keySet()) {
                before.put(key, MDC.get(key));
            }
            change(context);
        }

        /** From here on lines carry this context instead, such as that of the attempt that was just claimed. */
        public void change(LogContext context) {
            keys(context).forEach(Scope::put);
        }

        @Override
        public void close() {
            before.forEach(Scope::put);
        }

        private static Map<String, @Nullable String> keys(LogContext context) {
            Map<String, @Nullable String> keys = new TreeMap<>();
            keys.put("run", context.runId);
            keys.put("step", context.stepKey);
            keys.put("attempt", context.attempt == 0 ? null : Integer.toString(context.attempt));
            return keys;
        }

        private static void put(String key, @Nullable String value) {
            if (value == null) {
                MDC.remove(key);
            } else {
                MDC.put(key, value);
            }
        }
    }
}
