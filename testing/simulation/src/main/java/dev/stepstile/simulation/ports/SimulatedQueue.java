package dev.stepstile.simulation.ports;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.Waiters;
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
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/** SQS standard in memory: at least once, roughly in order, invisible while in flight, forgotten after its retention. */
public final class SimulatedQueue implements StepQueue {
    /** One in so many messages is overtaken. */
    private static final int OVERTAKEN = 8;

    /** SQS hands out no more while so many messages of a standard queue are in flight. */
    private static final int MOST_IN_FLIGHT = 120_000;

    /** What the adapter counts on; SQS itself takes a little more by now. */
    private static final int MESSAGE_BYTES = 256 * 1024;

    private static final int REFUSED = -1;

    private static final class Message {
        private final String id;
        private final String body;
        private final long sentAt;
        private int receives;
        private boolean visible;
        private boolean gone;
        private long hides;
        private long receivedAt;
        private long until;

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
    private final Observer observer;
    private final Duration visibility;
    private final Duration retention;
    private final long estimateLag;
    private final SplittableRandom estimates = new SplittableRandom(1);
    private final Map<String, Message> messages = new HashMap<>();
    private final ArrayDeque<Message> visible = new ArrayDeque<>();
    private final PriorityQueue<Hidden> hidden =
            new PriorityQueue<>(Comparator.comparingLong(Hidden::until).thenComparingLong(Hidden::order));
    private final Waiters arrivals = new Waiters();
    private int visibles;

    /** When the first message became visible, or none was any more. */
    private long turnedAt;

    private long order;

    public SimulatedQueue(
            PortCalls calls,
            Scheduler scheduler,
            RandomGenerator random,
            Observer observer,
            Duration visibility,
            Duration retention,
            Duration estimateLag) {
        this.calls = calls;
        this.scheduler = scheduler;
        this.random = random;
        this.observer = observer;
        this.visibility = visibility;
        this.retention = retention;
        this.estimateLag = estimateLag.toMillis();
    }

    @Override
    public List<Outgoing> send(List<Outgoing> sent) {
        return calls.batch(
                "queue.send " + sent.size(),
                () -> take(sent, 1),
                () -> take(sent, 2),
                left -> left.isEmpty() ? "taken" : left.size() + " not taken");
    }

    /** Takes all but every n-th; the only one, of one. */
    private List<Outgoing> take(List<Outgoing> sent, int n) {
        List<Outgoing> left = new ArrayList<>();
        for (int i = 0; i < sent.size(); i++) {
            if (n > 1 && i % n == 0) {
                left.add(sent.get(i));
            } else {
                put(sent.get(i).group(), sent.get(i).body(), sent.get(i).delay());
            }
        }
        return left;
    }

    /** Puts a message, without a call. */
    public void put(String group, String body, Duration delay) {
        observer.sized("message", body.length(), MESSAGE_BYTES);
        Message message = new Message("m" + order, body, scheduler.millis());
        messages.put(message.id, message);
        observer.messageSent(group, body);
        hide(message, delay.toMillis());
    }

    private void hide(Message message, long millis) {
        if (message.visible) {
            message.visible = false;
            seen(-1);
        }
        message.hides++;
        if (millis <= 0) {
            show(message);
        } else {
            message.until = scheduler.millis() + millis;
            hidden.add(new Hidden(message.until, order++, message, message.hides));
        }
        arrivals.wake(scheduler, 1); // one waits on, with the new time
    }

    private void show(Message message) {
        order++;
        message.visible = true;
        seen(1);
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
        while (batch.size() < max && visibles > 0 && messages.size() - visibles < MOST_IN_FLIGHT) {
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
                observer.messageLost(message.body);
                continue;
            }
            message.receives++;
            message.receivedAt = scheduler.millis();
            batch.add(new Delivery(
                    message.id,
                    message.receipt(),
                    message.body,
                    message.receives,
                    Instant.ofEpochMilli(message.sentAt)));
            message.visible = false;
            seen(-1);
            message.hides++;
            message.until = scheduler.millis() + visibility.toMillis();
            hidden.add(new Hidden(message.until, order++, message, message.hides));
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
        int deleted = calls.batch(
                "queue.delete " + String.join(", ", receipts),
                () -> forget(receipts),
                () -> {
                    forget(receipts.subList(0, receipts.size() / 2));
                    return REFUSED;
                },
                n -> n == REFUSED ? "a part deleted" : n + " deleted");
        if (deleted == REFUSED) {
            throw new PortException("queue.delete: simulated refusal of a part");
        }
    }

    private int forget(List<String> receipts) {
        int deleted = 0;
        for (String receipt : receipts) {
            Message message = messages.get(id(receipt));
            if (message != null && message.receipt().equals(receipt)) {
                forget(message);
                observer.messageDeleted(message.body);
                deleted++;
            }
        }
        return deleted;
    }

    private void forget(Message message) {
        message.gone = true;
        messages.remove(message.id);
        if (message.visible) {
            message.visible = false;
            seen(-1);
        }
    }

    private void seen(int more) {
        visibles += more;
        if (visibles == Math.max(more, 0)) {
            turnedAt = scheduler.millis();
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
                        long longest = message.receivedAt + MAX_VISIBILITY.toMillis() - scheduler.millis();
                        hide(message, Math.min(delay.toMillis(), longest));
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
                    boolean late = scheduler.millis() - turnedAt < estimates.nextLong(estimateLag + 1);
                    boolean told = late != visibles > 0;
                    observer.queueAsked(told);
                    return told;
                },
                Object::toString);
    }

    /** When a message that is hidden by this receipt can be received again; now if it can be, or is another's or gone. */
    public long visibleAt(String receipt) {
        settle();
        Message message = messages.get(id(receipt));
        boolean ours = message != null && message.receipt().equals(receipt) && !message.visible;
        return message == null || !ours ? scheduler.millis() : message.until;
    }

    /** Whether no message is left, visible or not. */
    public boolean empty() {
        return messages.isEmpty();
    }

    /** How many messages a receive could take now; those whose time has come since the last call not included. */
    public int visible() {
        return visibles;
    }

    public int size() {
        return messages.size();
    }

    /** Loses messages, without a word to anybody but the auditor. */
    public void lose(Predicate<String> which) {
        Iterator<Message> all = List.copyOf(messages.values()).iterator();
        while (all.hasNext()) {
            Message message = all.next();
            if (which.test(message.body)) {
                forget(message);
                observer.messageLost(message.body);
            }
        }
    }
}
