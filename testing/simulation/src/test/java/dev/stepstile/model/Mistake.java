package dev.stepstile.model;

/** Something done wrong on purpose, at the ports: the exploration finds each. */
enum Mistake {
    NONE,
    /** An owner's write asks for no fence: a zombie overwrites. */
    UNFENCED,
    /** The sweeper writes on what it once read. */
    STALE_SWEEP,
    /** A first claim does not ask whether there is a record. */
    CLAIM_WITHOUT_CONDITION,
    /** Who takes a step away overlooks a heartbeat: the lease is not held against the one that was read. */
    HEARTBEAT_OVERLOOKED,
    /** The message is deleted before its step is worked on. */
    ACKNOWLEDGED_FIRST,
    /** A dead step is marked as buried, and then its letter is sent. */
    MARKED_BEFORE_BURIED,
    /** A redrive touches the records of a dispatch that stays closed. */
    REDRIVE_WITHOUT_REOPENING,
    /** A redrive starts the fence anew. */
    REDRIVE_RESETS_THE_FENCE,
    /** A letter that is moved back redrives whatever death is there. */
    LETTER_OF_ANY_ATTEMPT,
    /** A sweep closes what a redriver asked to be kept open, or takes its steps for finished. */
    CLOSED_THOUGH_KEPT_OPEN,
    /** A sweep closes a dispatch whatever was written to it meanwhile. */
    CLOSED_WITHOUT_VERSION,
    /** A sweep takes the queue to show messages, whatever it shows: a lost one waits for an hour. */
    LOSS_OVERLOOKED
}
