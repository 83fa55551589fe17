package dev.stepstile.runtime;

import dev.stepstile.protocol.World;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** The world outside of a simulation. */
public final class RealWorld {
    private RealWorld() {}

    public static World create() {
        RandomGenerator perThread = () -> ThreadLocalRandom.current().nextLong();
        return new World(
                InstantSource.system(), perThread, () -> UUID.randomUUID().toString(), new VirtualTasks());
    }
}
