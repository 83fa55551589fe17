package dev.stepstile.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which runs are meant: those that fit all that is named. Made of {@link #ALL}:
 * {@code RunFilter.ALL.openOnly().withPrefix("nightly")}.
 *
 * @param open those alone that have an open dispatch
 * @param paused those alone that are paused
 * @param prefix with which their ids begin: 1 to 128 of {@code A-Z a-z 0-9 . _ : ~ @ + = -}; null for any
 * @param span in which they began
 */
public record RunFilter(
        boolean open, boolean paused, @Nullable String prefix, TimeSpan span) {
    /** Every run. */
    public static final RunFilter ALL = new RunFilter(false, false, null, TimeSpan.ANY);

    /** @throws IllegalArgumentException if no id of a run can begin so */
    public RunFilter {
        Checked.idOrNull("prefix", prefix);
    }

    /** The same that have an open dispatch alone. */
    public RunFilter openOnly() {
        return new RunFilter(true, paused, prefix, span);
    }

    /** The same that are paused alone. */
    public RunFilter pausedOnly() {
        return new RunFilter(open, true, prefix, span);
    }

    /** The same of ids that begin so. */
    public RunFilter withPrefix(String other) {
        return new RunFilter(open, paused, other, span);
    }

    /** The same that began from then on. */
    public RunFilter withSince(Instant since) {
        return new RunFilter(open, paused, prefix, new TimeSpan(since, span.until()));
    }

    /** The same that began before then. */
    public RunFilter withUntil(Instant until) {
        return new RunFilter(open, paused, prefix, new TimeSpan(span.since(), until));
    }
}
