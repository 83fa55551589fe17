package dev.stepstile.step;

import java.time.Duration;

/**
 * What the first claim fixes for a step, for ever: whose manifest its input comes from (dispatch and place in it), its
 * handler, its retry policy and its timeout. Another dispatch that names the same key attaches to it.
 */
public record Pinned(String dispatchId, int index, String handler, RetryPolicy retry, Duration timeout) {}
