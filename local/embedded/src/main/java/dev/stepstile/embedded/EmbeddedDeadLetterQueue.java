package dev.stepstile.embedded;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.StepQueue.Outgoing;
import java.time.Duration;
import java.util.List;

/** The dead-letter queue, on SQLite. */
final class EmbeddedDeadLetterQueue implements DeadLetterQueue {
    private final EmbeddedQueue queue;

    EmbeddedDeadLetterQueue(EmbeddedQueue queue) {
        this.queue = queue;
    }

    @Override
    public void moveToDeadLetters(String group, String body) {
        queue.send(List.of(new Outgoing(group, body, Duration.ZERO)));
    }

    @Override
    public List<String> peek(int max) {
        return queue.bodies(max);
    }
}
