package dev.stepstile.step;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a redrive changes of a step's settings; what is null stays as it was. */
public record StepOverrides(
        @Nullable String handler,
        Retries retry,
        @Nullable Duration timeout,
        @Nullable Payload input,
        Times times) {
    public static final StepOverrides NONE = new StepOverrides(null, Retries.NONE, null, null);

    /** The step may run when it might before. */
    public StepOverrides(@Nullable String handler, Retries retry, @Nullable Duration timeout, @Nullable Payload input) {
        this(handler, retry, timeout, input, Times.NONE);
    }

    /** Of the retry policy; what is null stays as it was. */
    public record Retries(
            @Nullable Integer maxAttempts,
            @Nullable Duration base,
            @Nullable Duration cap,
            @Nullable List<String> on,
            @Nullable List<String> never) {
        public static final Retries NONE = new Retries(null, null, null, null, null);

        public static Retries of(int maxAttempts) {
            return new Retries(maxAttempts, null, null, null, null);
        }

        private RetryPolicy on(RetryPolicy before) {
            RetryRule rule = before.rule();
            return new RetryPolicy(
                    or(maxAttempts, before.maxAttempts()),
                    or(base, before.base()),
                    or(cap, before.cap()),
                    new RetryRule(or(on, rule.on()), or(never, rule.never())));
        }
    }

    public StepOverrides withInput(Payload given) {
        return new StepOverrides(handler, retry, timeout, given, times);
    }

    /** The settings of a step that is redriven then. */
    public StepSettings on(StepSettings before, Instant now) {
        return new StepSettings(
                before.origin(),
                or(handler, before.handler()),
                retry.on(before.retry()),
                or(timeout, before.timeout()),
                input == null ? before.input() : input,
                times.on(before.window(), now));
    }

    /** What is changed, for the step's history: names and numbers, and never the input itself. */
    public String describe(StepSettings before, Instant now) {
        StepSettings after = on(before, now);
        List<String> changes = new ArrayList<>();
        change(changes, "handler", before.handler(), after.handler());
        change(
                changes,
                "maxAttempts",
                before.retry().maxAttempts(),
                after.retry().maxAttempts());
        change(changes, "timeoutSeconds", seconds(before.timeout()), seconds(after.timeout()));
        retryChanges(changes, before.retry(), after.retry());
        windowChanges(changes, before.window(), after.window());
        if (input != null) {
            changes.add("another input");
        }
        return changes.isEmpty() ? "nothing changed" : String.join(", ", changes);
    }

    private static void retryChanges(List<String> changes, RetryPolicy before, RetryPolicy after) {
        change(changes, "baseSeconds", seconds(before.base()), seconds(after.base()));
        change(changes, "capSeconds", seconds(before.cap()), seconds(after.cap()));
        change(changes, "retry.on", before.rule().on(), after.rule().on());
        change(changes, "retry.never", before.rule().never(), after.rule().never());
    }

    private static void windowChanges(List<String> changes, Window before, Window after) {
        change(changes, "notBefore", text(before.notBefore()), text(after.notBefore()));
        change(changes, "deadline", text(before.deadline()), text(after.deadline()));
    }

    private static void change(List<String> changes, String name, Object before, Object after) {
        if (!before.equals(after)) {
            changes.add(name + " " + before + " -> " + after);
        }
    }

    private static String text(@Nullable Instant at) {
        return at == null ? "none" : at.toString();
    }

    private static String seconds(Duration duration) {
        return BigDecimal.valueOf(duration.toMillis(), 3).stripTrailingZeros().toPlainString();
    }

    private static <T> T or(@Nullable T given, T otherwise) {
        return given == null ? otherwise : given;
    }
}
