package dev.stepstile.step;

import java.time.Duration;

/**
 * How long things are kept where they are deleted by age. A dispatch is kept whole, for the retention after the last
 * thing that happened to it: dispatched, swept while open, redriven. What it needs (its run, records, results, inputs
 * and manifest) is kept by {@link #SPARE} longer than that from when it was written; and while the dispatch is open,
 * the sweeper rewrites what is older than {@link #REFRESH_AFTER}. So whatever a dispatch needs is there for as long as
 * the dispatch is, with two days to spare for deletions that come late.
 */
public final class Retention {
    public static final Duration SPARE = Duration.ofDays(15);
    public static final Duration REFRESH_AFTER = Duration.ofDays(13);

    private Retention() {}
}
