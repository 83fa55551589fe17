package dev.stepstile.local;

import dev.stepstile.store.StepQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;

/** A queue some of whose messages arrive twice. */
final class DuplicatingQueue implements StepQueue {
    private final StepQueue queue;
    private final Faults faults;
    private final LongAdder duplicated = new LongAdder();

    DuplicatingQueue(StepQueue queue, Faults faults) {
        this.queue = queue;
        this.faults = faults;
    }

    /** How many messages were sent once more than asked. */
    long duplicated() {
        return duplicated.sum();
    }

    @Override
    public List<Outgoing> send(List<Outgoing> messages) {
        List<Outgoing> left = queue.send(messages);
        List<Outgoing> again = new ArrayList<>();
        for (Outgoing message : messages) {
            if (new SplittableRandom(faults.seed() ^ message.body().hashCode()).nextDouble() < faults.duplicate()) {
                again.add(message);
            }
        }
        if (!again.isEmpty()) {
            duplicated.add(again.size());
            queue.send(again);
        }
        return left;
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
