package dev.stepstile.protocol;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What is to become of a message. */
public sealed interface Verdict {

    /** What it stands for is durable, or is somebody else's: delete it. */
    record Acknowledge() implements Verdict {}

    /** It stays in the queue; visible after {@code after}, or when its visibility timeout ends if that is null. */
    record PutBack(@Nullable Duration after) implements Verdict {}

    /** Its step may have killed a worker: run it alone, after the others. */
    record Defer() implements Verdict {}

    /**
     * Another attempt owns the step, for {@code left} more if it falls silent. A message that was received once is a
     * second one, and is acknowledged. One that was received before may be the only one there is, and the holder cannot
     * wake it any more, as its receipt is stale: it stays until the lease could be over.
     */
    record Held(Duration left) implements Verdict {}
}
