package dev.stepstile.usecase;

import org.jspecify.annotations.Nullable;

/**
 * What is stored, and cannot be.
 *
 * @param stepKey null if it concerns a dispatch, or a run
 * @param dispatchId null if it concerns a run
 * @param evidence what was read, and what it contradicts; no payload
 */
public record Violation(
        Kind kind, @Nullable String stepKey, @Nullable String dispatchId, String evidence) {

    /** The stable names of violations. */
    public enum Kind {
        /** The run's item, or those of its dispatches, cannot be read. */
        DISPATCHES_DAMAGED(true),
        /** A dispatch contradicts itself, its run or its manifest. */
        DISPATCH_WRONG(true),
        /** The manifest is gone, or is not what was stored. */
        MANIFEST_MISSING(true),
        /** The manifest is what was stored, and cannot be read. */
        MANIFEST_UNREADABLE(true),
        /** The record cannot be read. */
        RECORD_DAMAGED(true),
        /** The record is of another step, or of another place in the manifest. */
        RECORD_MISPLACED(true),
        /** A step that has ended, by its dispatch, has no record. */
        RECORD_MISSING(false),
        /** The record names a dispatch that the run does not have. */
        RECORD_WITHOUT_DISPATCH(false),
        /** No sequence of events leads to the numbers of the attempts. */
        ATTEMPTS_IMPOSSIBLE(true),
        /** The step has answered a cancel that the run never had. */
        CANCEL_UNKNOWN(false),
        /** The dispatch is closed, or counts the step as ended, and the step has not ended. */
        STEP_OPEN(false),
        /** The dispatch is closed, or counts the step as ended, and its record is not marked as dead-lettered. */
        DEAD_LETTER_UNMARKED(false),
        /** The counts of a closed dispatch are not those of its records. */
        COUNTS_WRONG(true),
        /** The feed does not have the step's end. */
        FEED_MISSING(false),
        /** The feed has another end of the step than its record. */
        FEED_WRONG(false),
        /** A result or an input is gone. */
        PAYLOAD_MISSING(true),
        /** A result or an input is not what was stored. */
        PAYLOAD_ALTERED(true);

        private final boolean atOnce;

        Kind(boolean atOnce) {
            this.atOnce = atOnce;
        }

        /** Whether one look is enough: no work under way can look like it. */
        public boolean atOnce() {
            return atOnce;
        }
    }
}
