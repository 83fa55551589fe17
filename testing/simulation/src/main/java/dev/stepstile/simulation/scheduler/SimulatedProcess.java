package dev.stepstile.simulation.scheduler;

import dev.stepstile.usecase.EngineRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A process of its own: what runs in it dies with it, is frozen with it, and sees its clock. Its object graph is its
 * own too; only the simulated ports are shared.
 */
public final class SimulatedProcess {
    private enum State {
        RUNNING,
        FROZEN,
        DEAD
    }

    private final Scheduler scheduler;
    private final String name;
    private final EngineRuntime runtime;
    private final Waiters watchers = new Waiters();
    private final List<Actor> held = new ArrayList<>();
    private State state = State.RUNNING;
    private long disturbedAt = Long.MIN_VALUE;
    private long queueDisturbedAt = Long.MIN_VALUE;
    private long stoodStillUntil = Long.MIN_VALUE;
    private long thawedAt = Long.MIN_VALUE;

    /** @param skew by how much its clock is ahead */
    public SimulatedProcess(Scheduler scheduler, String name, Duration skew, RandomGenerator random) {
        this.scheduler = scheduler;
        this.name = name;
        this.runtime = new EngineRuntime(
                () -> scheduler.now().plus(skew),
                random,
                () -> Long.toHexString(random.nextLong()),
                new SimulatedTasks(scheduler, this, skew));
    }

    public String name() {
        return name;
    }

    public EngineRuntime runtime() {
        return runtime;
    }

    /** A call of it went wrong now. */
    public void disturbed(String call) {
        disturbedAt = scheduler.millis();
        if (call.startsWith("queue.")) {
            queueDisturbedAt = disturbedAt;
        }
    }

    /** Goes on after it stood still in the middle of something. */
    public void goOn() {
        thaw();
        disturbedAt = scheduler.millis();
        queueDisturbedAt = disturbedAt;
        stoodStillUntil = disturbedAt;
    }

    /** When a call of it last went wrong, or it last stood still, in virtual milliseconds. */
    public long disturbedAt() {
        return disturbedAt;
    }

    /** The same of its calls to the queue alone. */
    public long queueDisturbedAt() {
        return queueDisturbedAt;
    }

    /** Until when it last stood still in the middle of something. */
    public long stoodStillUntil() {
        return stoodStillUntil;
    }

    /** When it was last thawed, be it for a new invocation. */
    public long thawedAt() {
        return thawedAt;
    }

    public boolean running() {
        return state == State.RUNNING;
    }

    /** Whether it lives, runs, and nothing went wrong in it since. */
    public boolean undisturbedSince(long millis) {
        return state == State.RUNNING && disturbedAt < millis;
    }

    public boolean alive() {
        return state != State.DEAD;
    }

    /** Woken when the process dies, and whenever it tells. */
    public Waiters watchers() {
        return watchers;
    }

    /** Wakes the actors that wait for a change of the process. */
    public void tell() {
        watchers.wakeAll(scheduler);
    }

    public Actor start(String actor, Runnable body) {
        return scheduler.start(this, actor, body);
    }

    /** Whether the actor may have the baton; that of a frozen process is kept until it thaws. */
    boolean mayRun(Actor actor) {
        if (state == State.FROZEN) {
            held.add(actor);
        }
        return state == State.RUNNING;
    }

    /** Nothing of it runs again. The caller, if it is part of it, must hand the baton on. */
    public void crash() {
        if (alive()) {
            state = State.DEAD;
            held.clear();
            tell();
        }
    }

    public void freeze() {
        if (alive()) {
            state = State.FROZEN;
        }
    }

    public void thaw() {
        if (state == State.FROZEN) {
            state = State.RUNNING;
            thawedAt = scheduler.millis();
            scheduler.release(held);
            held.clear();
        }
    }
}
