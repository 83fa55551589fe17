package dev.stepstile.simulation.ports;

import dev.stepstile.port.DeadLetterQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The dead-letter queue in memory, with AWS's own way back into the queue. */
public final class SimulatedDeadLetterQueue implements DeadLetterQueue {
    private final PortCalls calls;
    private final SimulatedQueue queue;
    private final Observer observer;
    private final List<Letter> deadLetters = new ArrayList<>();

    private record Letter(String group, String body) {}

    public SimulatedDeadLetterQueue(PortCalls calls, SimulatedQueue queue, Observer observer) {
        this.calls = calls;
        this.queue = queue;
        this.observer = observer;
    }

    @Override
    public void moveToDeadLetters(String group, String body) {
        calls.call(
                "deadLetters.move",
                () -> {
                    deadLetters.add(new Letter(group, body));
                    observer.deadLetterMarked(body);
                    return deadLetters.size();
                },
                n -> n + " dead letters");
    }

    @Override
    public List<String> peek(int max) {
        return calls.call(
                "deadLetters.peek",
                () -> deadLetters.stream().limit(max).map(Letter::body).toList(),
                found -> found.size() + " dead letters");
    }

    /** All letters, without a call. */
    public List<String> all() {
        return deadLetters.stream().map(Letter::body).toList();
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
