package dev.stepstile.embedded;

import dev.stepstile.port.DeadLetters;
import dev.stepstile.port.StepQueue.Outgoing;
import java.time.Duration;
import java.util.List;

/** The dead-letter queue, on SQLite. */
final class EmbeddedDeadLetters implements DeadLetters {
    private final EmbeddedQueue queue;

    EmbeddedDeadLetters(EmbeddedQueue queue) {
        this.queue = queue;
    }

    @Override
    public void bury(String body) {
        queue.send(List.of(new Outgoing("dead", body, Duration.ZERO)));
    }

    @Override
    public List<String> peek(int max) {
        return queue.bodies(max);
    }
}
