package dev.stepstile.client;

/**
 * What became of a dispatch.
 *
 * @param dispatchId the name of the dispatch, also where it was derived; of several requests the first one's
 * @param acceptedCount how many steps were written down
 * @param attachedCount how many of them an earlier dispatch of the run had already started: these keep the input, handler and
 *     limits that the earlier dispatch gave them
 * @param replayed whether the same dispatch had been made before
 */
public record DispatchResult(String dispatchId, int acceptedCount, int attachedCount, boolean replayed) {}
