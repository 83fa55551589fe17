package dev.stepstile.client;

import java.util.List;

/**
 * What a call answers of a step's log.
 *
 * @param pageCount how many pages the newest attempt has written; 0 in a listing
 * @param pages of one attempt in order, if the call asked for them
 */
public record StepLog(int pageCount, List<LogPage> pages) {
    /** Keeps a copy of the pages. */
    public StepLog {
        pages = List.copyOf(pages);
    }
}
