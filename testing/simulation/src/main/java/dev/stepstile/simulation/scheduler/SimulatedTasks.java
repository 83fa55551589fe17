package dev.stepstile.simulation.scheduler;

import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tasks whose threads are actors of one simulated process; what is waited for ends, here too, by that process's clock. */
final class SimulatedTasks implements Tasks {
    private static final Logger LOG = LoggerFactory.getLogger(SimulatedTasks.class);

    private final Scheduler scheduler;
    private final SimulatedProcess process;
    private final Duration skew;

    SimulatedTasks(Scheduler scheduler, SimulatedProcess process, Duration skew) {
        this.scheduler = scheduler;
        this.process = process;
        this.skew = skew;
    }

    private long virtual(Instant byOwnClock) {
        return byOwnClock.isAfter(Instant.ofEpochMilli(Scheduler.NEVER).minus(skew.abs()))
                ? Scheduler.NEVER
                : byOwnClock.minus(skew).toEpochMilli();
    }

    @Override
    public <T> Task<T> fork(String name, Callable<T> work) {
        scheduler.me("Tasks.fork");
        SimulatedTask<T> task = new SimulatedTask<>();
        task.actor = process.start(name, () -> task.run(work));
        return task;
    }

    @Override
    public void sleepUntil(Instant instant) throws InterruptedException {
        long until = virtual(instant);
        Waiters nobody = new Waiters();
        while (scheduler.millis() < until) {
            scheduler.await(nobody, until);
        }
    }

    @Override
    public Cancellable every(String name, Duration period, Runnable tick) {
        scheduler.me("Tasks.every");
        Ticker ticker = new Ticker(name, period.toMillis(), tick);
        ticker.schedule(scheduler.millis() + ticker.period);
        return ticker;
    }

    private final class SimulatedTask<T> implements Task<T> {
        private final Waiters waiters = new Waiters();
        private @Nullable Actor actor;
        private boolean ended;
        private boolean released;
        private @Nullable T value;
        private @Nullable Throwable thrown;

        void run(Callable<T> work) {
            try {
                value = work.call();
            } catch (Throwable t) { // thrown again in the task that joins
                thrown = t;
            }
            ended = true;
            release();
        }

        private void release() {
            released = true;
            waiters.wakeAll(scheduler);
        }

        @Override
        @SuppressWarnings("NullAway") // a task whose work returns null has a nullable T
        public T join() throws InterruptedException {
            await(Scheduler.NEVER);
            if (!ended) {
                throw new IllegalStateException("the task was abandoned");
            }
            if (thrown != null) {
                throw SimulatedTask.<RuntimeException>unchecked(thrown);
            }
            return value;
        }

        @Override
        public boolean joinUntil(Instant instant) throws InterruptedException {
            await(virtual(instant));
            return released && ended;
        }

        private void await(long until) throws InterruptedException {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            while (!released && scheduler.millis() < until) {
                scheduler.await(waiters, until);
            }
        }

        @Override
        public void interrupt() {
            if (actor != null && !ended) {
                scheduler.interrupt(actor);
            }
        }

        @Override
        public void giveUp() {
            interrupt();
            release();
        }

        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // rethrows what the work threw, as it is
        private static <E extends Throwable> E unchecked(Throwable t) throws E {
            throw (E) t;
        }
    }

    private final class Ticker implements Cancellable {
        private final String name;
        private final long period;
        private final Runnable tick;
        private final Waiters waiters = new Waiters();
        private @Nullable Actor next;
        private boolean cancelled;
        private boolean ticking;

        Ticker(String name, long period, Runnable tick) {
            this.name = name;
            this.period = period;
            this.tick = tick;
        }

        /** A tick is an actor of its own, which gets a thread only if it is not cancelled before. */
        void schedule(long at) {
            next = scheduler.startAt(at, process, name, () -> run(at));
        }

        private void run(long at) {
            if (cancelled) {
                return;
            }
            ticking = true;
            try {
                tick.run();
            } catch (RuntimeException e) {
                LOG.warn("{}: {}; the next tick follows.", name, e.toString());
            }
            ticking = false;
            waiters.wakeAll(scheduler);
            if (cancelled) {
                return;
            }
            long late = scheduler.millis() - at;
            schedule(at + (late / period + 1) * period); // those that fell due meanwhile are left out
        }

        @Override
        public void cancel() {
            scheduler.me("Cancellable.cancel");
            cancelled = true;
            if (next != null && !ticking) {
                scheduler.forget(next);
            }
            while (ticking) {
                scheduler.awaitUninterruptibly(waiters, Scheduler.NEVER);
            }
        }
    }
}
