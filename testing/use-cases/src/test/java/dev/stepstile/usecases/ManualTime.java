package dev.stepstile.usecases;

import dev.stepstile.runtime.VirtualTasks;
import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A clock that moves when a test says so, and tasks that wait by it. Work runs on real threads; timers run on the thread
 * that moves the clock, so that they have run once it has moved.
 */
final class ManualTime implements InstantSource, Tasks {
    private final VirtualTasks threads = new VirtualTasks();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Timer> timers = new ArrayList<>();
    private Instant now;

    ManualTime(Instant start) {
        now = start;
    }

    @Override
    public Instant instant() {
        lock.lock();
        try {
            return now;
        } finally {
            lock.unlock();
        }
    }

    /** Moves the clock on, and calls every timer at its time on the way. */
    void advance(Duration duration) {
        Instant until = instant().plus(duration);
        Timer next = next(until);
        while (next != null) {
            next.ring();
            next = next(until);
        }
        moveTo(until);
    }

    /** How many timers were started and not cancelled. */
    int timers() {
        lock.lock();
        try {
            return timers.size();
        } finally {
            lock.unlock();
        }
    }

    private Timer next(Instant until) {
        lock.lock();
        try {
            Timer first = timers.stream()
                    .filter(timer -> !timer.due.isAfter(until))
                    .min(Comparator.comparing(timer -> timer.due))
                    .orElse(null);
            if (first != null) {
                moveTo(first.due);
                first.due = first.due.plus(first.period);
            }
            return first;
        } finally {
            lock.unlock();
        }
    }

    private void moveTo(Instant instant) {
        lock.lock();
        try {
            now = instant.isAfter(now) ? instant : now;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Who sleeps moves the clock: nothing else is waited for. */
    @Override
    public void sleepUntil(Instant instant) {
        moveTo(instant);
    }

    @Override
    public <T> Task<T> fork(String name, Callable<T> work) {
        Forked<T> forked = new Forked<>();
        forked.inner = threads.fork(name, () -> {
            try {
                return work.call();
            } finally {
                forked.ended();
            }
        });
        return forked;
    }

    @Override
    public Cancellable every(String name, Duration period, Runnable tick) {
        lock.lock();
        try {
            Timer timer = new Timer(period, now.plus(period), tick);
            timers.add(timer);
            return timer;
        } finally {
            lock.unlock();
        }
    }

    private final class Timer implements Cancellable {
        private final Duration period;
        private final Runnable tick;
        private final ReentrantLock ringing = new ReentrantLock();
        private Instant due;
        private boolean cancelled;

        Timer(Duration period, Instant due, Runnable tick) {
            this.period = period;
            this.due = due;
            this.tick = tick;
        }

        void ring() {
            ringing.lock();
            try {
                if (!cancelled) {
                    tick.run();
                }
            } catch (RuntimeException e) {
                // as the port says: the next tick follows all the same
            } finally {
                ringing.unlock();
            }
        }

        @Override
        public void cancel() {
            ringing.lock();
            try {
                cancelled = true;
            } finally {
                ringing.unlock();
            }
            lock.lock();
            try {
                timers.remove(this);
            } finally {
                lock.unlock();
            }
        }
    }

    private final class Forked<T> implements Task<T> {
        private Task<T> inner;
        private boolean ended;
        private boolean givenUp;

        void ended() {
            lock.lock();
            try {
                ended = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public T join() throws InterruptedException {
            lock.lock();
            try {
                while (!ended && !givenUp) {
                    changed.await();
                }
                if (!ended) {
                    throw new IllegalStateException("the task was abandoned");
                }
            } finally {
                lock.unlock();
            }
            return inner.join(); // it was not given up, so it has ended in a moment
        }

        @Override
        public boolean joinUntil(Instant instant) throws InterruptedException {
            lock.lock();
            try {
                long left = Work.PATIENCE.toNanos();
                while (!ended && !givenUp && now.isBefore(instant)) {
                    left = changed.awaitNanos(left);
                    if (left <= 0) {
                        throw new AssertionError("The task has not ended, and nobody moves the clock.");
                    }
                }
                return ended;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void interrupt() {
            inner.interrupt();
        }

        @Override
        public void giveUp() {
            inner.interrupt();
            lock.lock();
            try {
                givenUp = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
