package dev.stepstile.simulation;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.StepQueue.Delivery;
import java.time.Duration;
import java.util.List;

/** Passes every call on, for a mistake to change one. */
class PassingDeadLetters implements DeadLetterQueue {
    final DeadLetterQueue deadLetters;

    PassingDeadLetters(DeadLetterQueue deadLetters) {
        this.deadLetters = deadLetters;
    }

    @Override
    public void moveToDeadLetters(String group, String body) {
        deadLetters.moveToDeadLetters(group, body);
    }

    @Override
    public List<Delivery> receive(int max, Duration hidden) {
        return deadLetters.receive(max, hidden);
    }

    @Override
    public void release(List<String> receipts) {
        deadLetters.release(receipts);
    }

    @Override
    public void delete(List<String> receipts) {
        deadLetters.delete(receipts);
    }

    @Override
    public long approximateCount() {
        return deadLetters.approximateCount();
    }
}
