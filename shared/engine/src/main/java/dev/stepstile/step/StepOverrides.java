package dev.stepstile.step;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a redrive changes of a step's settings; what is null stays as it was. */
public record StepOverrides(
        @Nullable String handler,
        @Nullable Integer maxAttempts,
        @Nullable Duration base,
        @Nullable Duration cap,
        @Nullable Duration timeout,
        @Nullable Payload input) {
    public static final StepOverrides NONE = new StepOverrides(null, null, null, null, null, null);

    public StepOverrides withInput(Payload given) {
        return new StepOverrides(handler, maxAttempts, base, cap, timeout, given);
    }

    /** The settings of a step after the redrive. */
    public StepSettings on(StepSettings before) {
        RetryPolicy retry = before.retry();
        return new StepSettings(
                before.dispatchId(),
                before.index(),
                or(handler, before.handler()),
                new RetryPolicy(or(maxAttempts, retry.maxAttempts()), or(base, retry.base()), or(cap, retry.cap())),
                or(timeout, before.timeout()),
                input == null ? before.input() : input);
    }

    /** What is changed, for the step's history: names and numbers, and never the input itself. */
    public String describe(StepSettings before) {
        StepSettings after = on(before);
        List<String> changes = new ArrayList<>();
        change(changes, "handler", before.handler(), after.handler());
        change(
                changes,
                "maxAttempts",
                before.retry().maxAttempts(),
                after.retry().maxAttempts());
        change(changes, "timeoutSeconds", seconds(before.timeout()), seconds(after.timeout()));
        change(
                changes,
                "baseSeconds",
                seconds(before.retry().base()),
                seconds(after.retry().base()));
        change(
                changes,
                "capSeconds",
                seconds(before.retry().cap()),
                seconds(after.retry().cap()));
        if (input != null) {
            changes.add("another input");
        }
        return changes.isEmpty() ? "nothing changed" : String.join(", ", changes);
    }

    private static void change(List<String> changes, String name, Object before, Object after) {
        if (!before.equals(after)) {
            changes.add(name + " " + before + " -> " + after);
        }
    }

    private static String seconds(Duration duration) {
        return BigDecimal.valueOf(duration.toMillis(), 3).stripTrailingZeros().toPlainString();
    }

    private static <T> T or(@Nullable T given, T otherwise) {
        return given == null ? otherwise : given;
    }
}
