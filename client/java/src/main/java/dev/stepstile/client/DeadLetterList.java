package dev.stepstile.client;

import java.util.List;

/**
 * What was found in the dead-letter queue.
 *
 * @param letters newest first
 * @param approximateCount of all letters, also those that another call hides for the moment
 * @param complete whether nothing else was there; a queue has no pages, so that a higher limit or a narrower selection
 *     shows more
 */
public record DeadLetterList(List<DeadLetter> letters, long approximateCount, boolean complete) {
    /** Keeps a copy of the letters. */
    public DeadLetterList {
        letters = List.copyOf(letters);
    }
}
