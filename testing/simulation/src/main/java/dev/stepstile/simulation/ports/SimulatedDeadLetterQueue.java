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
    private final List<String> deadLetters = new ArrayList<>();

    public SimulatedDeadLetterQueue(PortCalls calls, SimulatedQueue queue, Observer observer) {
        this.calls = calls;
        this.queue = queue;
        this.observer = observer;
    }

    @Override
    public void moveToDeadLetters(String body) {
        calls.call(
                "deadLetters.move",
                () -> {
                    deadLetters.add(body);
                    observer.deadLetterMarked(body);
                    return deadLetters.size();
                },
                n -> n + " dead letters");
    }

    @Override
    public List<String> peek(int max) {
        return calls.call(
                "deadLetters.peek",
                () -> List.copyOf(deadLetters.subList(0, Math.min(max, deadLetters.size()))),
                found -> found.size() + " dead letters");
    }

    /** All letters, without a call. */
    List<String> all() {
        return List.copyOf(deadLetters);
    }

    /** AWS's own redrive: letters go back into the queue as they are, with a new age. */
    public int moveBack(Predicate<String> which) {
        List<String> moved = deadLetters.stream().filter(which).toList();
        deadLetters.removeAll(moved);
        for (String body : moved) {
            observer.deadLetterTaken(body);
            queue.put(body, Duration.ZERO);
        }
        return moved.size();
    }
}
