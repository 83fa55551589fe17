package dev.stepstile.simulation.scheduler;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Runs actors one at a time, on virtual threads and virtual time. Whoever has the baton runs until it waits; then it
 * picks the next one by the seed and hands the baton on. An actor that is not given the baton again is as dead as a
 * killed process: not even its {@code finally} runs.
 *
 * <p>All state is touched only by the thread that has the baton; handing it on by a volatile write publishes it.
 */
public final class Scheduler {
    public static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    public static final long NEVER = Long.MAX_VALUE;

    /** Looks of the driver at a blocked actor, without progress, before it is said to hang. */
    private static final int PATIENCE = 8;

    private static final Duration LOOK_EVERY = Duration.ofMillis(250);

    /** Sees time go by, without a part in it. */
    public interface Onlooker {
        /** When it wants to look again, in virtual milliseconds. */
        long look(long now);
    }

    private record Wake(long at, long order, Actor actor, long ticket) {}

    private final RandomGenerator random;
    private final PriorityQueue<Wake> timers =
            new PriorityQueue<>((a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
    private final List<Actor> ready = new ArrayList<>();
    private final AtomicLong picks = new AtomicLong();
    private final AtomicReference<@Nullable SimulationFailed> failure = new AtomicReference<>();
    private long now = START.toEpochMilli();
    private long limit;
    private long order;
    private long nextLook = NEVER;
    private Onlooker onlooker = now -> NEVER;
    private boolean stopped;
    private @Nullable Thread driver;
    private volatile @Nullable Actor current;

    public Scheduler(RandomGenerator random) {
        this.random = random;
    }

    public long millis() {
        return now;
    }

    public Instant now() {
        return Instant.ofEpochMilli(now);
    }

    /** From now on, whenever the clock has passed the time that it asks for. */
    public void watchedBy(Onlooker other) {
        onlooker = other;
        nextLook = now;
    }

    private void clockAt(long millis) {
        now = Math.max(now, millis);
        if (now >= nextLook) {
            nextLook = onlooker.look(now);
        }
    }

    /** How often the baton was given to somebody. */
    long picks() {
        return picks.get();
    }

    /** The actor that calls, which must be the one that has the baton. */
    public Actor me(String what) {
        Actor actor = current;
        if (actor == null || actor.thread != Thread.currentThread()) {
            SimulationFailed foreign =
                    new SimulationFailed("Thread '" + Thread.currentThread().getName() + "' called " + what
                            + " but is no actor of the simulation, or has not the baton; fork by Tasks instead.");
            failure.compareAndSet(null, foreign);
            throw foreign;
        }
        return actor;
    }

    /** Starts an actor at this time. */
    public Actor startAt(long at, SimulatedProcess process, String name, Runnable body) {
        Actor actor = new Actor(process, name, body);
        if (at <= now) {
            ready.add(actor);
        } else {
            timers.add(new Wake(at, order++, actor, actor.ticket));
        }
        return actor;
    }

    Actor start(SimulatedProcess process, String name, Runnable body) {
        return startAt(now, process, name, body);
    }

    /** Lets the others run for so long; an interrupt waits until the actor asks for it. */
    public void pause(long millis) {
        Actor me = me("pause");
        if (millis <= 0) {
            me.ticket++;
            ready.add(me);
        } else {
            timers.add(new Wake(now + millis, order++, me, me.ticket));
        }
        handOver(me);
        if (me.interruptPending) {
            me.interruptPending = false;
            Thread.currentThread().interrupt();
        }
    }

    /** Waits to be woken by one of these waiters, or until {@code until}; callers look again at what they wait for. */
    void await(Waiters waiters, long until) throws InterruptedException {
        Actor me = me("await");
        throwIfInterrupted(me); // perhaps before it had begun
        me.interruptible = true;
        waitFor(me, waiters, until);
        throwIfInterrupted(me);
    }

    private static void throwIfInterrupted(Actor me) throws InterruptedException {
        boolean pending = me.interruptPending;
        me.interruptPending = false;
        if (Thread.interrupted() || pending) {
            throw new InterruptedException();
        }
    }

    public void awaitUninterruptibly(Waiters waiters, long until) {
        Actor me = me("await");
        waitFor(me, waiters, until);
        if (me.interruptPending) {
            me.interruptPending = false;
            Thread.currentThread().interrupt();
        }
    }

    private void waitFor(Actor me, Waiters waiters, long until) {
        waiters.add(me);
        if (until != NEVER) {
            timers.add(new Wake(Math.max(until, now), order++, me, me.ticket));
        }
        handOver(me);
    }

    /** Wakes an actor if it still waits as it did when it had this ticket. */
    boolean wake(Actor actor, long ticket) {
        if (actor.ticket != ticket) {
            return false;
        }
        actor.ticket++;
        actor.interruptible = false; // it is ready already: an interrupt must not make it so twice
        ready.add(actor);
        return true;
    }

    /** An actor that waits for its time to start never does. */
    void forget(Actor actor) {
        actor.ticket++;
    }

    void interrupt(Actor actor) {
        if (actor == current) {
            Thread.currentThread().interrupt();
            return;
        }
        actor.interruptPending = true;
        if (actor.interruptible) {
            wake(actor, actor.ticket);
        }
    }

    /** Makes actors that were held back ready again. */
    void release(List<Actor> held) {
        ready.addAll(held);
    }

    /** The calling actor is never given the baton again. */
    public void abandon() {
        Actor me = me("abandon");
        me.ticket++;
        handOver(me);
        throw new IllegalStateException("an abandoned actor was given the baton");
    }

    /** Ends {@link #run} once the calling actor waits. */
    public void stop() {
        stopped = true;
    }

    /**
     * Runs until nobody is ready and no timer is due before {@code until}, or until stopped.
     *
     * @throws SimulationFailed if an actor threw, hung outside of a port, or a foreign thread called one
     */
    public void run(Instant until) {
        limit = until.toEpochMilli();
        stopped = false;
        driver = Thread.currentThread();
        passOn(pick());
        long seen = -1;
        int looks = 0;
        while (current != null) {
            LockSupport.parkNanos(this, LOOK_EVERY.toNanos());
            looks = picks.get() == seen && blocked() ? looks + 1 : 0;
            seen = picks.get();
            if (looks == PATIENCE) {
                throw hang();
            }
        }
        SimulationFailed failed = failure.get();
        if (failed != null) {
            throw failed;
        }
    }

    private boolean blocked() {
        Actor actor = current;
        Thread thread = actor == null ? null : actor.thread;
        return thread != null
                && switch (thread.getState()) {
                    case BLOCKED, WAITING, TIMED_WAITING -> true;
                    case NEW, RUNNABLE, TERMINATED -> false;
                };
    }

    private SimulationFailed hang() {
        Actor actor = current;
        StringBuilder text = new StringBuilder("Actor " + actor + " has the baton and is blocked outside of a port;"
                + " it waits by Tasks or not at all. It stands at:");
        Thread thread = actor == null ? null : actor.thread;
        if (thread != null) {
            for (StackTraceElement frame : thread.getStackTrace()) {
                text.append("\n    ").append(frame);
            }
        }
        return new SimulationFailed(text.toString());
    }

    private void handOver(Actor me) {
        Actor next = pick();
        if (next == me) {
            return;
        }
        boolean interrupted = Thread.interrupted(); // else parking would spin
        passOn(next);
        while (current != me) {
            LockSupport.park(this);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void passOn(@Nullable Actor next) {
        if (next == null) {
            current = null;
            LockSupport.unpark(driver);
            return;
        }
        Thread thread = next.thread;
        if (thread == null) {
            thread = Thread.ofVirtual().name(next.name).unstarted(() -> live(next));
            next.thread = thread;
            current = next;
            thread.start();
        } else {
            current = next;
            LockSupport.unpark(thread);
        }
    }

    private void live(Actor actor) {
        try {
            actor.body.run();
        } catch (Throwable t) { // nobody awaits this actor, so the simulation reports it
            failure.compareAndSet(null, new SimulationFailed("Actor " + actor + " threw " + t, t));
        }
        passOn(pick());
    }

    private @Nullable Actor pick() {
        picks.lazySet(picks.get() + 1);
        while (!stopped && failure.get() == null) {
            if (ready.isEmpty() && !advance()) {
                return null;
            }
            int last = ready.size() - 1;
            int n = last == 0 ? 0 : random.nextInt(last + 1);
            Actor actor = ready.get(n);
            ready.set(n, ready.get(last));
            ready.remove(last);
            if (actor.process.mayRun(actor)) {
                return actor;
            }
        }
        return null;
    }

    /** Moves the clock to the next timer and readies all that are due then; false if there is none within the limit. */
    private boolean advance() {
        while (true) {
            Wake next = timers.peek();
            if (next == null || next.at() > limit) {
                if (limit != NEVER) {
                    clockAt(limit);
                }
                return false;
            }
            timers.poll();
            if (wakes(next)) {
                clockAt(next.at());
                Wake also = timers.peek();
                while (also != null && also.at() <= now) {
                    timers.poll();
                    wakes(also);
                    also = timers.peek();
                }
                return true;
            }
        }
    }

    private boolean wakes(Wake timer) {
        return timer.actor().process.alive() && wake(timer.actor(), timer.ticket());
    }
}
