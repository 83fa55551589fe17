package dev.stepstile.rules.seeded;

import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.step.StepState;
import java.sql.Connection;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

/** Breaks every rule about what comes in from outside. Never run. */
final class Impure {
    Object time() {
        return List.of(Instant.now(), System.currentTimeMillis(), System.nanoTime(), Clock.systemUTC());
    }

    Object chance() {
        return List.of(Math.random(), new Random(), ThreadLocalRandom.current(), UUID.randomUUID());
    }

    ExecutorService threads() throws InterruptedException {
        Thread.sleep(1);
        Thread thread = new Thread(() -> {});
        thread.start();
        Thread.startVirtualThread(() -> {});
        CompletableFuture.supplyAsync(() -> 1).join();
        List.of(1, 2).parallelStream().forEach(number -> {});
        return Executors.newCachedThreadPool();
    }

    Object runtime(Connection connection) {
        return List.of(JvmRuntime.create(), connection);
    }

    StepState state() {
        return new StepState.Cancelled(Instant.EPOCH);
    }
}
