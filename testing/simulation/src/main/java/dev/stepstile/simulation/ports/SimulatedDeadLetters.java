package dev.stepstile.simulation.ports;

import dev.stepstile.port.DeadLetters;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The dead-letter queue in memory, with AWS's own way back into the queue. */
public final class SimulatedDeadLetters implements DeadLetters {
    private final PortCalls calls;
    private final SimulatedQueue queue;
    private final Observer observer;
    private final List<String> letters = new ArrayList<>();

    public SimulatedDeadLetters(PortCalls calls, SimulatedQueue queue, Observer observer) {
        this.calls = calls;
        this.queue = queue;
        this.observer = observer;
    }

    @Override
    public void bury(String body) {
        calls.call(
                "letters.bury",
                () -> {
                    letters.add(body);
                    observer.letterBuried(body);
                    return letters.size();
                },
                n -> n + " letters");
    }

    @Override
    public List<String> peek(int max) {
        return calls.call(
                "letters.peek",
                () -> List.copyOf(letters.subList(0, Math.min(max, letters.size()))),
                found -> found.size() + " letters");
    }

    /** All letters, without a call. */
    List<String> all() {
        return List.copyOf(letters);
    }

    /** AWS's own redrive: letters go back into the queue as they are, with a new age. */
    public int moveBack(Predicate<String> which) {
        List<String> moved = letters.stream().filter(which).toList();
        letters.removeAll(moved);
        for (String body : moved) {
            observer.letterTaken(body);
            queue.put(body, Duration.ZERO);
        }
        return moved.size();
    }
}
