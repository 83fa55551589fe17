package dev.stepstile.runtime;

import dev.stepstile.usecase.EngineRuntime;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** The world outside of a simulation. */
public final class JvmRuntime {
    private JvmRuntime() {}

    /** With a clock of its own, which does not jump where the system's does. */
    public static EngineRuntime create() {
        return create(SteadyClock.system());
    }

    /** @param clock by which everything is timed; what waits, waits by it */
    public static EngineRuntime create(InstantSource clock) {
        RandomGenerator perThread = () -> ThreadLocalRandom.current().nextLong();
        return new EngineRuntime(clock, perThread, () -> UUID.randomUUID().toString(), new VirtualTasks(clock));
    }
}
