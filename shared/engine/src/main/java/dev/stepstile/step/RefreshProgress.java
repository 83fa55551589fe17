package dev.stepstile.step;

import java.time.Instant;

/**
 * What has been rewritten of a dispatch, so that it is kept longer ({@link Retention}), while some of it is still to
 * be.
 *
 * @param since everything of it was rewritten after this
 * @param steps those of which all has been written, by place in the manifest
 */
public record RefreshProgress(Instant since, StepBits steps) {}
