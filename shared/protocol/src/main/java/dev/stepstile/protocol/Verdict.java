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
}
