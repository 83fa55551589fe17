package dev.stepstile.embedded;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A queue with the semantics of SQS standard, on SQLite: a message is a row at the time when it becomes visible, and a
 * receipt is that row's place, so a stale one finds nothing.
 */
final class EmbeddedQueue implements StepQueue {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedQueue.class);

    /** Before a damaged body, so that nothing takes it for a message. */
    private static final String DAMAGED = "damaged: ";

    private final EmbeddedDatabase database;
    private final int queue;
    private final Duration visibility;
    private final InstantSource clock;
    private final AtomicLong sequence;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition sent = lock.newCondition();
    private long sends;

    /** @param queue which of the database's queues this is */
    EmbeddedQueue(EmbeddedDatabase database, int queue, Duration visibility, InstantSource clock) {
        this.database = database;
        this.queue = queue;
        this.visibility = visibility;
        this.clock = clock;
        long highest = database.read(session -> session.one("SELECT max(seq) FROM message", row -> row.getLong(1)))
                .orElse(0L);
        this.sequence = new AtomicLong(Math.max(highest, clock.millis() * 1000));
    }

    @Override
    public List<Outgoing> send(List<Outgoing> messages) {
        long now = clock.millis();
        database.write(session -> {
            for (Outgoing message : messages) {
                session.update(
                        "INSERT INTO message VALUES(?, ?, ?, ?, 0, ?, ?)",
                        queue,
                        now + message.delay().toMillis(),
                        sequence.incrementAndGet(),
                        UUID.randomUUID().toString(),
                        now,
                        ChecksummedJson.seal(message.body()));
            }
            return messages.size();
        });
        signal();
        return List.of();
    }

    private record Received(
            List<Delivery> deliveries, @Nullable Long nextAt) {}

    @Override
    public List<Delivery> receive(int max, Duration wait) {
        Instant until = clock.instant().plus(wait);
        while (true) {
            long before = sends();
            Received received = take(max, visibility);
            if (!received.deliveries().isEmpty() || !await(before, received.nextAt(), until)) {
                return received.deliveries();
            }
        }
    }

    /** Up to {@code max} that are visible, without waiting, hidden for a time of the caller's. */
    List<Delivery> receiveNow(int max, Duration hidden) {
        return take(max, hidden).deliveries();
    }

    private Received take(int max, Duration hiddenFor) {
        long now = clock.millis();
        Long first = nextAt();
        if (first == null || first > now) {
            return new Received(List.of(), first); // an idle queue writes nothing
        }
        return database.write(session -> {
            List<Delivery> found = session.all(
                    "SELECT at, seq, id, body, receives, sent FROM message WHERE queue = ? AND at <= ? ORDER BY at, seq LIMIT ?",
                    row -> new Delivery(
                            row.getString(3),
                            row.getLong(1) + ":" + row.getLong(2),
                            opened(row.getString(3), row.getString(4)),
                            row.getInt(5) + 1,
                            Instant.ofEpochMilli(row.getLong(6))),
                    queue,
                    now,
                    max);
            List<Delivery> taken = new ArrayList<>();
            for (Delivery delivery : found) {
                Place old = Place.of(delivery.receipt());
                Place hidden = new Place(now + hiddenFor.toMillis(), old.seq());
                session.update(
                        "UPDATE message SET at = ?, receives = receives + 1 WHERE queue = ? AND at = ? AND seq = ?",
                        hidden.at(),
                        queue,
                        old.at(),
                        old.seq());
                taken.add(new Delivery(
                        delivery.messageId(),
                        hidden.receipt(),
                        delivery.body(),
                        delivery.receiveCount(),
                        delivery.sentAt()));
            }
            return new Received(taken, null);
        });
    }

    private @Nullable Long nextAt() {
        return database.read(session -> session.one(
                        "SELECT at FROM message WHERE queue = ? ORDER BY at LIMIT 1", row -> row.getLong(1), queue))
                .orElse(null);
    }

    @Override
    public void delete(List<String> receipts) {
        if (receipts.isEmpty()) {
            return;
        }
        database.write(session -> {
            int deleted = 0;
            for (String receipt : receipts) {
                Place place = Place.of(receipt);
                deleted += session.update(
                        "DELETE FROM message WHERE queue = ? AND at = ? AND seq = ?", queue, place.at(), place.seq());
            }
            return deleted;
        });
    }

    @Override
    public void changeVisibility(String receipt, Duration delay) {
        Place place = Place.of(receipt);
        long at = clock.millis() + delay.toMillis();
        database.write(session -> session.update(
                "UPDATE message SET at = ? WHERE queue = ? AND at = ? AND seq = ?",
                at,
                queue,
                place.at(),
                place.seq()));
        signal();
    }

    @Override
    public boolean anyVisible() {
        Long first = nextAt();
        return first != null && first <= clock.millis();
    }

    /** How many messages are in the queue, in flight or not. */
    long size() {
        return database.read(session ->
                        session.one("SELECT count(*) FROM message WHERE queue = ?", row -> row.getLong(1), queue))
                .orElse(0L);
    }

    /** A damaged message is delivered as the row is, as a message that nobody recognises: its step is sent again. */
    private static String opened(String id, String row) {
        try {
            return ChecksummedJson.open("Message " + id, row);
        } catch (DamagedData e) {
            LOG.error("{} It goes to the dead-letter queue; a sweep sends its step again.", e.getMessage());
            return DAMAGED + row;
        }
    }

    private long sends() {
        lock.lock();
        try {
            return sends;
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        lock.lock();
        try {
            sends++;
            sent.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a send after {@code before}, or until a message becomes visible; false once {@code until} has passed. */
    private boolean await(long before, @Nullable Long nextAt, Instant until) {
        lock.lock();
        try {
            long now = clock.millis();
            long end = Math.min(until.toEpochMilli(), nextAt == null ? Long.MAX_VALUE : nextAt);
            boolean waiting = true;
            while (waiting && sends == before && end > now) {
                waiting = sent.await(end - now, TimeUnit.MILLISECONDS);
            }
            return sends != before || clock.millis() < until.toEpochMilli();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PortException("interrupted while waiting for a message", e);
        } finally {
            lock.unlock();
        }
    }

    /** Where a message's row is: its receipt. */
    private record Place(long at, long seq) {
        static Place of(String receipt) {
            int colon = receipt.indexOf(':');
            try {
                return new Place(
                        Long.parseLong(receipt.substring(0, Math.max(colon, 0))),
                        Long.parseLong(receipt.substring(colon + 1)));
            } catch (NumberFormatException e) {
                return new Place(-1, -1); // an unknown receipt names no message
            }
        }

        String receipt() {
            return at + ":" + seq;
        }
    }
}
