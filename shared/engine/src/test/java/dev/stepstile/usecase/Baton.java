package dev.stepstile.usecase;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Threads of which one runs at a time: at each point it reaches, a seeded choice decides which one continues. {@link RacyLoader}
 * puts a point before each access to what threads share. The same seed is the same schedule.
 */
final class Baton {
    private static final int MOST_POINTS = 100_000;
    private static final ThreadLocal<@Nullable Actor> ME = new ThreadLocal<>();

    private final Random random;
    private final List<Actor> ready = new ArrayList<>();
    private final Semaphore ended = new Semaphore(0);
    private @Nullable Throwable thrown;
    private int points;

    private final class Actor {
        private final Semaphore turn = new Semaphore(0);

        Baton baton() {
            return Baton.this;
        }
    }

    Baton(long seed) {
        random = new Random(seed);
    }

    /** Starts an actor; it waits for its turn. */
    void fork(Runnable body) {
        Actor actor = new Actor();
        ready.add(actor);
        Thread.ofVirtual().start(() -> {
            actor.turn.acquireUninterruptibly();
            ME.set(actor);
            try {
                body.run();
            } catch (Throwable t) { // reported to the thread that runs the schedule
                thrown = thrown == null ? t : thrown;
            }
            next();
        });
    }

    /** Runs all actors to their ends, and throws what one of them threw. */
    void run() {
        next();
        ended.acquireUninterruptibly();
        if (thrown != null) {
            throw new AssertionError(thrown);
        }
    }

    private void next() {
        if (ready.isEmpty()) {
            ended.release();
        } else {
            ready.remove(random.nextInt(ready.size())).turn.release();
        }
    }

    /** Anybody may go on from here. Who is no actor goes on itself. */
    static void reach() {
        Actor me = ME.get();
        if (me != null) {
            me.baton().reached(me);
        }
    }

    private void reached(Actor me) {
        if (++points > MOST_POINTS) {
            throw new IllegalStateException("the schedule does not end");
        }
        ready.add(me);
        Actor chosen = ready.remove(random.nextInt(ready.size()));
        if (chosen != me) {
            chosen.turn.release();
            me.turn.acquireUninterruptibly();
        }
    }

    static void await(BooleanSupplier until) {
        while (!until.getAsBoolean()) {
            reach();
        }
    }

    /** Stands for {@link ReentrantLock#lock}: who waits for a lock lets others run. */
    static void lock(ReentrantLock lock) {
        reach();
        while (!lock.tryLock()) {
            reach();
        }
    }
}
