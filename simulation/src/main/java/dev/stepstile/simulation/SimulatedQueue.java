package dev.stepstile.simulation;

import dev.stepstile.store.StepQueue;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/** SQS standard in memory: at least once, roughly in order, invisible while in flight, forgotten after its retention. */
final class SimulatedQueue implements StepQueue {
    /** One in so many messages is overtaken. */
    private static final int OVERTAKEN = 8;

    private static final class Message {
        private final String id;
        private final String body;
        private final long sentAt;
        private int receives;
        private boolean visible;
        private boolean gone;
        private long hides;

        Message(String id, String body, long sentAt) {
            this.id = id;
            this.body = body;
            this.sentAt = sentAt;
        }

        String receipt() {
            return id + ":" + receives;
        }
    }

    private record Hidden(long until, long order, Message message, long hides) {}

    private final PortCalls calls;
    private final Scheduler scheduler;
    private final RandomGenerator random;
    private final Effects effects;
    private final Duration visibility;
    private final Duration retention;
    private final Map<String, Message> messages = new HashMap<>();
    private final ArrayDeque<Message> visible = new ArrayDeque<>();
    private final PriorityQueue<Hidden> hidden =
            new PriorityQueue<>(Comparator.comparingLong(Hidden::until).thenComparingLong(Hidden::order));
    private final Waiters arrivals = new Waiters();
    private int visibles;
    private long order;

    SimulatedQueue(
            PortCalls calls,
            Scheduler scheduler,
            RandomGenerator random,
            Effects effects,
            Duration visibility,
            Duration retention) {
        this.calls = calls;
        this.scheduler = scheduler;
        this.random = random;
        this.effects = effects;
        this.visibility = visibility;
        this.retention = retention;
    }

    @Override
    public List<Outgoing> send(List<Outgoing> sent) {
        return calls.call(
                "queue.send " + sent.size(),
                () -> {
                    for (Outgoing message : sent) {
                        put(message.body(), message.delay());
                    }
                    return List.of();
                },
                left -> "taken");
    }

    /** Puts a message, without a call. */
    void put(String body, Duration delay) {
        Message message = new Message("m" + order, body, scheduler.millis());
        messages.put(message.id, message);
        effects.messageSent(body);
        hide(message, delay.toMillis());
    }

    private void hide(Message message, long millis) {
        if (message.visible) {
            message.visible = false;
            visibles--;
        }
        message.hides++;
        if (millis <= 0) {
            show(message);
        } else {
            hidden.add(new Hidden(scheduler.millis() + millis, order++, message, message.hides));
        }
        arrivals.wake(scheduler, 1); // one waits on, with the new time
    }

    private void show(Message message) {
        order++;
        message.visible = true;
        visibles++;
        visible.addLast(message);
    }

    private void settle() {
        Hidden next = hidden.peek();
        while (next != null && next.until() <= scheduler.millis()) {
            hidden.poll();
            Message message = next.message();
            if (!message.gone && !message.visible && message.hides == next.hides()) {
                show(message);
            }
            next = hidden.peek();
        }
    }

    @Override
    public List<Delivery> receive(int max, Duration wait) {
        long until = scheduler.millis() + wait.toMillis();
        settle();
        while (visibles == 0 && scheduler.millis() < until) {
            Hidden next = hidden.peek();
            scheduler.awaitUninterruptibly(arrivals, next == null ? until : Math.min(until, next.until()));
            settle();
        }
        return calls.call(
                "queue.receive",
                () -> taken(max, false),
                () -> taken(max, true),
                batch -> String.join(", ", batch.stream().map(Delivery::receipt).toList()));
    }

    /** @param again what is taken stays visible */
    private List<Delivery> taken(int max, boolean again) {
        settle();
        List<Delivery> batch = new ArrayList<>();
        List<Message> back = new ArrayList<>();
        while (batch.size() < max && visibles > 0) {
            Message message = visible.removeFirst();
            if (visibles > 1 && random.nextInt(OVERTAKEN) == 0) {
                visible.addLast(message);
                message = visible.removeFirst();
            }
            if (message.gone || !message.visible) {
                continue;
            }
            if (scheduler.millis() - message.sentAt > retention.toMillis()) {
                forget(message);
                effects.messageLost(message.body);
                continue;
            }
            message.receives++;
            batch.add(new Delivery(
                    message.id,
                    message.receipt(),
                    message.body,
                    message.receives,
                    Instant.ofEpochMilli(message.sentAt)));
            message.visible = false;
            visibles--;
            message.hides++;
            hidden.add(new Hidden(scheduler.millis() + visibility.toMillis(), order++, message, message.hides));
            back.add(message);
        }
        if (again) {
            back.forEach(this::show);
            arrivals.wake(scheduler, 1);
        }
        return batch;
    }

    @Override
    public void delete(List<String> receipts) {
        calls.call(
                "queue.delete " + String.join(", ", receipts),
                () -> {
                    int deleted = 0;
                    for (String receipt : receipts) {
                        Message message = messages.get(id(receipt));
                        if (message != null && message.receipt().equals(receipt)) {
                            forget(message);
                            effects.messageDeleted(message.body);
                            deleted++;
                        }
                    }
                    return deleted;
                },
                deleted -> deleted + " deleted");
    }

    private void forget(Message message) {
        message.gone = true;
        messages.remove(message.id);
        if (message.visible) {
            message.visible = false;
            visibles--;
        }
    }

    @Override
    public void changeVisibility(String receipt, Duration delay) {
        calls.call(
                "queue.changeVisibility " + receipt + " " + delay.toMillis() + " ms",
                () -> {
                    settle();
                    Message message = messages.get(id(receipt));
                    boolean inFlight = message != null && message.receipt().equals(receipt) && !message.visible;
                    if (message != null && inFlight) {
                        hide(message, delay.toMillis());
                    }
                    return inFlight;
                },
                done -> done ? "changed" : "stale");
    }

    private static String id(String receipt) {
        int colon = receipt.indexOf(':');
        return colon < 0 ? receipt : receipt.substring(0, colon);
    }

    @Override
    public boolean anyVisible() {
        return calls.call(
                "queue.anyVisible",
                () -> {
                    settle();
                    effects.queueAsked(visibles > 0);
                    return visibles > 0;
                },
                Object::toString);
    }

    /** Whether no message is left, visible or not. */
    boolean empty() {
        return messages.isEmpty();
    }

    /** How many messages a receive could take now; those whose time has come since the last call not included. */
    int visible() {
        return visibles;
    }

    int size() {
        return messages.size();
    }

    /** Loses messages, without a word to anybody but the auditor. */
    void lose(Predicate<String> which) {
        Iterator<Message> all = List.copyOf(messages.values()).iterator();
        while (all.hasNext()) {
            Message message = all.next();
            if (which.test(message.body)) {
                forget(message);
                effects.messageLost(message.body);
            }
        }
    }
}
