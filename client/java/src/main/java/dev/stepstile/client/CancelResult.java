package dev.stepstile.client;

/**
 * What became of a cancel.
 *
 * @param cancelledCount how many steps it ended at once
 * @param stoppingCount how many running ones were asked to stop
 */
public record CancelResult(int cancelledCount, int stoppingCount) {}
