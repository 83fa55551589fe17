package dev.stepstile.stackfaults;

import dev.stepstile.port.StepQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/** A queue some of whose messages arrive twice: when one is received first, the same is sent again. It can be paused. */
final class FaultyQueue implements StepQueue {
    private static final Duration PAUSED_RECEIVE = Duration.ofMillis(50);
    private static final Duration LONGEST_BATCH = Duration.ofSeconds(10);

    private final StepQueue queue;
    private final Faults faults;
    private final Set<String> again = ConcurrentHashMap.newKeySet();
    private final Set<Thread> idle = ConcurrentHashMap.newKeySet();
    private volatile boolean paused;

    FaultyQueue(StepQueue queue, Faults faults) {
        this.queue = queue;
        this.faults = faults;
    }

    /** How many messages were sent once more than asked. */
    long duplicated() {
        return again.size();
    }

    /** Delivers nothing from now on. Returns once all of so many receivers have done with what they had, or a little later. */
    void pause(int receivers) throws InterruptedException {
        idle.clear();
        paused = true;
        long began = System.nanoTime();
        while (idle.size() < receivers && System.nanoTime() - began < LONGEST_BATCH.toNanos()) {
            Thread.sleep(PAUSED_RECEIVE);
        }
    }

    void resume() {
        paused = false;
    }

    @Override
    public List<Delivery> receive(int max, Duration wait) {
        if (paused) {
            idle.add(Thread.currentThread());
            try {
                Thread.sleep(PAUSED_RECEIVE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return List.of();
        }
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
