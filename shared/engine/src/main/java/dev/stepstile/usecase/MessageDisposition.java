package dev.stepstile.usecase;

import java.time.Duration;

/** What is to become of a message. */
public sealed interface MessageDisposition {

    /** What it stands for is durable, or is somebody else's: delete it. */
    record Acknowledge() implements MessageDisposition {}

    /** It stays in the queue, and is visible after {@code after}. */
    record PutBack(Duration after) implements MessageDisposition {}

    /** It stays in the queue, and comes again after a short while that grows with its receives: see {@link MessageReleaser}. */
    record Again() implements MessageDisposition {}

    /** Its step lost a worker before: it runs when it is its turn, after the others and alone. */
    record Defer() implements MessageDisposition {}

    /**
     * Another attempt owns the step, for {@code left} more if it falls silent. A message that was received once is a
     * second one, and is acknowledged. One that was received before may be the only one there is, and the holder cannot
     * wake it any more, as its receipt is stale: it stays until the lease could be over.
     */
    record Held(Duration left) implements MessageDisposition {}
}
