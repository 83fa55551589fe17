package dev.stepstile.usecase;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** What the engine takes from outside: clock, randomness, ids, threads and waiting. */
public record EngineRuntime(InstantSource clock, RandomGenerator random, Supplier<String> ids, Tasks tasks) {

    /** The time in whole milliseconds, as every record and message has it. */
    public Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }
}
