package dev.stepstile.simulation;

import dev.stepstile.port.StepQueue;
import java.time.Duration;
import java.util.List;

/** Passes every call on; a mistake overrides the one it gets wrong. */
class PassingQueue implements StepQueue {
    protected final StepQueue queue;

    PassingQueue(StepQueue queue) {
        this.queue = queue;
    }

    @Override
    public List<Outgoing> send(List<Outgoing> messages) {
        return queue.send(messages);
    }

    @Override
    public List<Delivery> receive(int max, Duration wait) {
        return queue.receive(max, wait);
    }

    @Override
    public void delete(List<String> receipts) {
        queue.delete(receipts);
    }

    @Override
    public void changeVisibility(String receipt, Duration delay) {
        queue.changeVisibility(receipt, delay);
    }

    @Override
    public boolean anyVisible() {
        return queue.anyVisible();
    }
}
