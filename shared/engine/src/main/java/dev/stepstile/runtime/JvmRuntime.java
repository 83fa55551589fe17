package dev.stepstile.runtime;

import dev.stepstile.usecase.EngineRuntime;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.UUID;

/** The world outside of a simulation. */
public final class JvmRuntime {
    private JvmRuntime() {}

    /** With a clock of its own, which does not jump where the system's does. */
    public static EngineRuntime create() {
        return create(SteadyClock.system());
    }

    /** @param clock by which everything is timed; what waits, waits by it */
    public static EngineRuntime create(InstantSource clock) {
        // Draws from the system: environments that are restored from one snapshot would share the state of any other.
        return new EngineRuntime(
                clock, new SecureRandom(), () -> UUID.randomUUID().toString(), new VirtualTasks(clock));
    }
}
