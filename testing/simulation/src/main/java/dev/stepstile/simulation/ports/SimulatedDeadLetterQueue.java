package dev.stepstile.simulation.ports;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.simulation.scheduler.Scheduler;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The dead-letter queue in memory, with AWS's own way back into the queue. */
public final class SimulatedDeadLetterQueue implements DeadLetterQueue {
    private static final int REFUSED = -1;

    private final PortCalls calls;
    private final Scheduler scheduler;
    private final SimulatedQueue queue;
    private final Observer observer;
    private final List<Letter> deadLetters = new ArrayList<>();
    private long sent;

    private static final class Letter {
        private final String id;
        private final String group;
        private final String body;
        private final long sentAt;
        private int receives;
        private long hiddenUntil;

        Letter(String id, String group, String body, long sentAt) {
            this.id = id;
            this.group = group;
            this.body = body;
            this.sentAt = sentAt;
        }

        String receipt() {
            return id + ":" + receives;
        }

        Delivery delivery() {
            return new Delivery(id, receipt(), body, receives, Instant.ofEpochMilli(sentAt));
        }
    }

    public SimulatedDeadLetterQueue(PortCalls calls, Scheduler scheduler, SimulatedQueue queue, Observer observer) {
        this.calls = calls;
        this.scheduler = scheduler;
        this.queue = queue;
        this.observer = observer;
    }

    @Override
    public void moveToDeadLetters(String group, String body) {
        calls.call(
                "deadLetters.move",
                () -> {
                    deadLetters.add(new Letter("d" + sent++, group, body, scheduler.millis()));
                    observer.deadLetterMarked(body);
                    return deadLetters.size();
                },
                n -> n + " dead letters");
    }

    @Override
    public List<Delivery> receive(int max, Duration hidden) {
        return calls.call(
                "deadLetters.receive",
                () -> taken(Math.min(max, BATCH), hidden),
                () -> taken(Math.min(max, BATCH), Duration.ZERO), // received once more, at the same time
                batch -> batch.size() + " dead letters");
    }

    private List<Delivery> taken(int max, Duration hidden) {
        List<Letter> visible = deadLetters.stream()
                .filter(letter -> letter.hiddenUntil <= scheduler.millis())
                .limit(max)
                .toList();
        List<Delivery> taken = new ArrayList<>();
        for (Letter letter : visible) {
            letter.receives++;
            letter.hiddenUntil = scheduler.millis() + hidden.toMillis();
            taken.add(letter.delivery());
        }
        return taken;
    }

    @Override
    public void release(List<String> receipts) {
        batch("deadLetters.release", receipts, letter -> letter.hiddenUntil = scheduler.millis());
    }

    @Override
    public void delete(List<String> receipts) {
        batch("deadLetters.delete", receipts, letter -> {
            deadLetters.remove(letter);
            observer.deadLetterTaken(letter.body);
        });
    }

    private interface Doing {
        void with(Letter letter);
    }

    private void batch(String name, List<String> receipts, Doing doing) {
        int done = calls.batch(
                name,
                () -> each(receipts, doing),
                () -> {
                    each(receipts.subList(0, receipts.size() / 2), doing);
                    return REFUSED;
                },
                n -> n == REFUSED ? "a part" : n + " dead letters");
        if (done == REFUSED) {
            throw new PortException(name + ": simulated refusal of a part");
        }
    }

    private int each(List<String> receipts, Doing doing) {
        List<Letter> named = deadLetters.stream()
                .filter(letter -> receipts.contains(letter.receipt()))
                .toList();
        named.forEach(doing::with);
        return named.size();
    }

    @Override
    public long approximateCount() {
        return calls.call("deadLetters.approximateCount", () -> (long) deadLetters.size(), Object::toString);
    }

    /** All letters, without a call. */
    public List<String> all() {
        return deadLetters.stream().map(letter -> letter.body).toList();
    }

    /** AWS's own redrive: letters go back into the queue as they are, with a new age. */
    public int moveBack(Predicate<String> which) {
        List<Letter> moved =
                deadLetters.stream().filter(letter -> which.test(letter.body)).toList();
        deadLetters.removeAll(moved);
        for (Letter letter : moved) {
            observer.deadLetterTaken(letter.body);
            queue.put(letter.group, letter.body, Duration.ZERO);
        }
        return moved.size();
    }
}
