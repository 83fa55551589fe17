package dev.stepstile.client;

/**
 * What became of a dispatch.
 *
 * @param acceptedCount how many steps were written down
 * @param attachedCount how many of them an earlier dispatch of the run had already started: these keep the input, handler and
 *     limits that the earlier dispatch gave them
 */
public record DispatchResult(int acceptedCount, int attachedCount) {}
