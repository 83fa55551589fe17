package dev.stepstile.embedded;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.StepQueue.Delivery;
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
    public List<Delivery> receive(int max, Duration hidden) {
        return queue.receiveNow(Math.min(max, BATCH), hidden);
    }

    @Override
    public void release(List<String> receipts) {
        receipts.forEach(receipt -> queue.changeVisibility(receipt, Duration.ZERO));
    }

    @Override
    public void delete(List<String> receipts) {
        queue.delete(receipts);
    }

    @Override
    public long approximateCount() {
        return queue.size();
    }
}
