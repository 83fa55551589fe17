package dev.stepstile.simulation.system;

import dev.stepstile.port.PortException;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.simulation.scheduler.SimulationFailed;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A Lambda function: environments that start cold, serve one invocation at a time, are frozen in between, and are
 * killed at the function's timeout.
 *
 * @param <S> what an environment builds once, at its start
 */
public final class SimulatedFunction<S> {
    private static final long COLD_START_MILLIS = 800;

    private final Scheduler scheduler;
    private final Duration timeout;
    private final Supplier<SimulatedProcess> processes;
    private final Function<SimulatedProcess, S> start;
    private final Deque<Environment> warm = new ArrayDeque<>();
    private final List<SimulatedProcess> busy = new ArrayList<>();

    public SimulatedFunction(
            Scheduler scheduler,
            Duration timeout,
            Supplier<SimulatedProcess> processes,
            Function<SimulatedProcess, S> start) {
        this.scheduler = scheduler;
        this.timeout = timeout;
        this.processes = processes;
        this.start = start;
    }

    /** What an invocation does. The deadline is by the environment's own clock. */
    public interface Work<S, T> {
        T run(S service, Instant deadline) throws InterruptedException;
    }

    private final class Environment {
        private final SimulatedProcess process = processes.get();
        private @Nullable S service;

        S service() {
            S started = service;
            if (started == null) {
                scheduler.pause(COLD_START_MILLIS);
                started = start.apply(process);
                service = started;
            }
            return started;
        }
    }

    private static final class Invocation<T> {
        private boolean ended;
        private @Nullable T answer;
    }

    /** How many invocations are under way. */
    public int running() {
        return busy.size();
    }

    /** The environments that serve an invocation. */
    public List<SimulatedProcess> busy() {
        return List.copyOf(busy);
    }

    /** Invokes the function and waits; empty if it failed, was killed at its timeout, or its environment died. */
    public <T> Optional<T> invoke(Work<S, T> work) {
        Environment environment = warm.isEmpty() ? new Environment() : warm.removeLast();
        SimulatedProcess process = environment.process;
        process.thaw();
        busy.add(process);
        Invocation<T> invocation = new Invocation<>();
        process.start("invocation", () -> run(environment, work, invocation));
        long end = scheduler.millis() + COLD_START_MILLIS + timeout.toMillis();
        while (!invocation.ended && process.alive() && scheduler.millis() < end) {
            scheduler.awaitUninterruptibly(process.watchers(), end);
        }
        busy.remove(process);
        if (invocation.ended && process.alive()) {
            process.freeze();
            warm.addLast(environment);
        } else {
            process.crash();
        }
        return Optional.ofNullable(invocation.answer);
    }

    private <T> void run(Environment environment, Work<S, T> work, Invocation<T> invocation) {
        S service = environment.service();
        Instant deadline = environment.process.runtime().now().plus(timeout);
        try {
            invocation.answer = work.run(service, deadline);
        } catch (PortException e) {
            invocation.answer = null; // the function answers with an error
        } catch (InterruptedException e) {
            throw new SimulationFailed("an invocation was interrupted, and nobody does that", e);
        }
        invocation.ended = true;
        environment.process.tell();
    }
}
