package dev.stepstile.step;

import dev.stepstile.step.StepError.Kind;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which failures are followed by another attempt: kinds of errors, or names of exceptions.
 *
 * @param on if not empty, only these are retried
 * @param never these are not, whatever {@code on} has
 */
public record RetryRule(List<String> on, List<String> never) {
    /** Every failure is retried that may be. */
    public static final RetryRule ANY = new RetryRule(List.of(), List.of());

    /** Of one list: each travels in the message and in the record, which is to stay within a write unit. */
    public static final int MAX_NAMES = 10;

    /** The kinds that another attempt may follow. */
    public static final Set<Kind> KINDS = Collections.unmodifiableSet(
            EnumSet.of(Kind.HANDLER_FAILED, Kind.TIMEOUT, Kind.WORKER_LOST, Kind.WORKER_STOPPED));

    private static final Pattern NAME = Pattern.compile("[^\\p{C}\\p{Z}]{1,200}");
    private static final Pattern LOOKS_LIKE_A_KIND = Pattern.compile("[A-Z][A-Z0-9_]*");

    public RetryRule {
        on = List.copyOf(on);
        never = List.copyOf(never);
    }

    /** Whether it can name a failure: what is in capitals throughout must be one of {@link #KINDS}. */
    public static boolean isName(String text) {
        return NAME.matcher(text).matches()
                && (!LOOKS_LIKE_A_KIND.matcher(text).matches()
                        || KINDS.stream().anyMatch(kind -> kind.name().equals(text)));
    }

    /**
     * Why no attempt follows a failure that may be retried; null if one does. Lost and stopped workers, and other trouble that
     * says nothing about the step, are {@code PASSING}: {@code on} does not concern them.
     */
    @Nullable
    String refusal(StepEvent.Cause cause) {
        for (String listed : never) {
            if (matches(listed, cause)) {
                return "retry.never names " + listed;
            }
        }
        boolean retried = on.isEmpty()
                || cause.failureKind() == StepEvent.FailureKind.PASSING
                || on.stream().anyMatch(listed -> matches(listed, cause));
        return retried ? null : "retry.on does not name it";
    }

    private static boolean matches(String listed, StepEvent.Cause cause) {
        return listed.equals(cause.error().kind().name()) || cause.names().contains(listed);
    }
}
