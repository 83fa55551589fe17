package dev.stepstile.local;

import dev.stepstile.port.StepQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/** A queue some of whose messages arrive twice: when one is received first, the same is sent again. */
final class DuplicatingQueue implements StepQueue {
    private final StepQueue queue;
    private final Faults faults;
    private final Set<String> again = ConcurrentHashMap.newKeySet();

    DuplicatingQueue(StepQueue queue, Faults faults) {
        this.queue = queue;
        this.faults = faults;
    }

    /** How many messages were sent once more than asked. */
    long duplicated() {
        return again.size();
    }

    @Override
    public List<Delivery> receive(int max, Duration wait) {
        List<Delivery> batch = queue.receive(max, wait);
        List<Outgoing> copies = new ArrayList<>();
        for (Delivery delivery : batch) {
            double drawn = new SplittableRandom(faults.seed() ^ delivery.body().hashCode()).nextDouble();
            if (drawn < faults.duplicate() && again.add(delivery.body())) {
                copies.add(new Outgoing("duplicates", delivery.body(), Duration.ZERO));
            }
        }
        if (!copies.isEmpty()) {
            queue.send(copies);
        }
        return batch;
    }

    @Override
    public List<Outgoing> send(List<Outgoing> messages) {
        return queue.send(messages);
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
