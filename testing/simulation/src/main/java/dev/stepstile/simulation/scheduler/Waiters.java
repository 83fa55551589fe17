package dev.stepstile.simulation.scheduler;

import java.util.ArrayDeque;
import java.util.Deque;

/** Actors that wait for something to happen. */
public final class Waiters {
    private record Waiting(Actor actor, long ticket) {}

    private final Deque<Waiting> waiting = new ArrayDeque<>();

    void add(Actor actor) {
        waiting.add(new Waiting(actor, actor.ticket));
    }

    /** Wakes up to {@code most} actors that still wait and whose process lives, the longest waiting first. */
    public void wake(Scheduler scheduler, int most) {
        int woken = 0;
        while (woken < most && !waiting.isEmpty()) {
            Waiting next = waiting.removeFirst();
            if (next.actor().process.alive() && scheduler.wake(next.actor(), next.ticket())) {
                woken++;
            }
        }
    }

    void wakeAll(Scheduler scheduler) {
        wake(scheduler, Integer.MAX_VALUE);
    }
}
