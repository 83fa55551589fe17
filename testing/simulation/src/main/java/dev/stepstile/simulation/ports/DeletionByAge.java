package dev.stepstile.simulation.ports;

import dev.stepstile.simulation.scheduler.Scheduler;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Deletes what has not been written for long, as DynamoDB's time to live and a bucket's lifecycle rule do: not before its
 * time, and up to {@code late} after it.
 */
public final class DeletionByAge {
    private record Due(long at, String key, Runnable delete) {}

    private final Scheduler scheduler;
    private final RandomGenerator random;
    private final PriorityQueue<Due> pending =
            new PriorityQueue<>(Comparator.comparingLong(Due::at).thenComparing(Due::key));
    private final Map<String, Long> lives = new HashMap<>();
    private @Nullable Duration retention;
    private Duration late = Duration.ZERO;

    public DeletionByAge(Scheduler scheduler, RandomGenerator random) {
        this.scheduler = scheduler;
        this.random = random;
    }

    /** From now on, what is written is deleted once its life is over; before, nothing ever is. */
    public void begin(Duration dispatchRetention, Duration mostLate) {
        retention = dispatchRetention;
        late = mostLate;
    }

    /** Something was written, and lives for the retention and so much longer, unless it is written again. */
    void written(String key, Duration more, Runnable delete) {
        if (retention != null) {
            long lateness = late.isZero() ? 0 : random.nextLong(late.toMillis());
            long at = scheduler.millis() + retention.plus(more).toMillis() + lateness;
            lives.put(key, at);
            pending.add(new Due(at, key, delete));
        }
    }

    /** Deletes what is due. */
    public void deleteDue() {
        while (!pending.isEmpty() && pending.peek().at() <= scheduler.millis()) {
            Due due = pending.poll();
            if (lives.remove(due.key(), due.at())) {
                due.delete().run();
            }
        }
    }
}
