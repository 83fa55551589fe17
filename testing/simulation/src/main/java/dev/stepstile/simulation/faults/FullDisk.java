package dev.stepstile.simulation.faults;

import dev.stepstile.simulation.scheduler.Scheduler;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A window of time in which every port refuses to write, and answers reads. A receive hides what it returns, and so writes.
 *
 * @param begin since the start of the run
 */
public record FullDisk(Duration begin, Duration length) {
    private static final long SALT = 0x66756c6cL;
    private static final List<String> READS = List.of(
            "store.run ",
            "store.dispatch ",
            "store.dispatches ",
            "store.due ",
            "store.record ",
            "store.records ",
            "store.list ",
            "store.feed ",
            "store.pages ",
            "queue.anyVisible",
            "deadLetters.peek",
            "items.get ",
            "items.exists ",
            "objects.get ",
            "objects.exists ");

    static final FullDisk NEVER = new FullDisk(Duration.ZERO, Duration.ZERO);

    /** Begins within five minutes, and lasts from five seconds to eight minutes: with most seeds longer than a lease. */
    public static FullDisk of(long seed) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed ^ SALT);
        return new FullDisk(
                Duration.ofMillis(random.nextInt(300_000)), Duration.ofMillis(random.nextInt(5_000, 480_000)));
    }

    public Duration end() {
        return begin.plus(length);
    }

    private long beginMillis() {
        return Scheduler.START.plus(begin).toEpochMilli();
    }

    private long endMillis() {
        return Scheduler.START.plus(end()).toEpochMilli();
    }

    boolean refuses(String description, long millis) {
        return millis >= beginMillis() && millis < endMillis() && READS.stream().noneMatch(description::startsWith);
    }

    /** For how much of this time the disks were full. */
    long millisBetween(long since, long now) {
        return Math.max(0, Math.min(now, endMillis()) - Math.max(since, beginMillis()));
    }
}
