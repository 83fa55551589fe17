package dev.stepstile.client;

/**
 * What became of a cancel.
 *
 * @param cancelled how many steps it ended at once
 * @param stopping how many running ones were asked to stop
 */
public record CancelResult(int cancelled, int stopping) {}
