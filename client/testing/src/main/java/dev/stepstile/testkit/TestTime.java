package dev.stepstile.testkit;

import dev.stepstile.runtime.VirtualTasks;
import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The engine's clock, and its tasks that wait by it. The clock goes as fast as the machine's, because handlers wait by that
 * one, and can be set forward: every timer is then called at its time on the way.
 */
final class TestTime implements InstantSource, Tasks, AutoCloseable {
    private final VirtualTasks threads = new VirtualTasks();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Timer> timers = new ArrayList<>();
    private final Instant start = InstantSource.system().instant();
    private final long began = System.nanoTime();
    private final boolean skipsSleep;
    private Duration ahead = Duration.ZERO;
    private boolean closed;

    /** @param skipsSleep whether the engine's own pauses take no time: only where nothing else runs meanwhile */
    TestTime(boolean skipsSleep) {
        this.skipsSleep = skipsSleep;
        Thread.ofVirtual().name("stepstile-test-time").start(this::callTimers);
    }

    @Override
    public Instant instant() {
        lock.lock();
        try {
            return now();
        } finally {
            lock.unlock();
        }
    }

    private Instant now() {
        return start.plusNanos(System.nanoTime() - began).plus(ahead);
    }

    /** Sets the clock forward. Every timer has been called at its time when this returns; an interruption is kept for later. */
    void forward(Duration duration) {
        // On a thread of its own: a timer may interrupt the handler that set the clock forward.
        CountDownLatch done = new CountDownLatch(1);
        threads.fork("clock forward", () -> {
            try {
                forwardTo(instant().plus(duration));
                return duration;
            } finally {
                done.countDown();
            }
        });
        Uninterrupted.await(done);
    }

    private void forwardTo(Instant until) {
        Timer due = due(until);
        while (due != null) {
            due.call();
            due = due(until);
        }
        lock.lock();
        try {
            leapTo(until);
        } finally {
            lock.unlock();
        }
    }

    /** The next timer to be called until then; the clock shows its time. */
    private @Nullable Timer due(Instant until) {
        lock.lock();
        try {
            Timer first = first();
            if (first == null || first.due.isAfter(until)) {
                return null;
            }
            leapTo(first.due);
            first.due = first.due.plus(first.period);
            return first;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Timer first() {
        return timers.stream()
                .min(Comparator.comparing((Timer timer) -> timer.due))
                .orElse(null);
    }

    private void leapTo(Instant instant) {
        Duration gap = Duration.between(now(), instant);
        if (gap.isPositive()) {
            ahead = ahead.plus(gap);
            changed.signalAll();
        }
    }

    private void callTimers() {
        while (!isClosed()) {
            Timer due = due(instant());
            if (due == null) {
                awaitFirst();
            } else {
                Thread.ofVirtual().name(due.name).start(due::call);
            }
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    private void awaitFirst() {
        lock.lock();
        try {
            while (!closed && millisToFirst() > 0) {
                changed.await(millisToFirst(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the timers' thread", e);
        } finally {
            lock.unlock();
        }
    }

    private long millisToFirst() {
        Timer first = first();
        return first == null ? Duration.ofHours(1).toMillis() : millisTo(first.due);
    }

    /** 0 if it has come; else at least 1, which is rounded up. */
    private long millisTo(Instant instant) {
        Duration left = Duration.between(now(), instant);
        return left.isPositive() ? left.toMillis() + 1 : 0;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void sleepUntil(Instant instant) throws InterruptedException {
        if (skipsSleep) {
            forwardTo(instant);
        }
        lock.lockInterruptibly();
        try {
            while (now().isBefore(instant)) {
                changed.await(millisTo(instant), TimeUnit.MILLISECONDS);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public <T> Task<T> fork(String name, Callable<T> work) {
        Forked<T> forked = new Forked<>();
        forked.runs(threads.fork(name, forked.ending(work)));
        return forked;
    }

    @Override
    public <T> Task<T> forkUserCode(String name, Callable<T> work) {
        Forked<T> forked = new Forked<>();
        forked.runs(threads.forkUserCode(name, forked.ending(work)));
        return forked;
    }

    @Override
    public Cancellable every(String name, Duration period, Runnable tick) {
        lock.lock();
        try {
            Timer timer = new Timer(name, period, now().plus(period), tick);
            timers.add(timer);
            changed.signalAll();
            return timer;
        } finally {
            lock.unlock();
        }
    }

    private final class Timer implements Cancellable {
        private final String name;
        private final Duration period;
        private final Runnable tick;
        private final ReentrantLock calling = new ReentrantLock();
        private Instant due;
        private boolean cancelled;

        Timer(String name, Duration period, Instant due, Runnable tick) {
            this.name = name;
            this.period = period;
            this.due = due;
            this.tick = tick;
        }

        /** One call at a time: the next is left out while one is under way. */
        void call() {
            if (!calling.tryLock()) {
                return;
            }
            try {
                if (!cancelled) {
                    tick.run();
                }
            } catch (RuntimeException e) {
                // as the port says: the next tick follows all the same
            } finally {
                calling.unlock();
            }
        }

        @Override
        public void cancel() {
            calling.lock();
            try {
                cancelled = true;
            } finally {
                calling.unlock();
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
        private @Nullable Task<T> inner;
        private boolean ended;
        private boolean givenUp;

        void runs(Task<T> task) {
            lock.lock();
            try {
                inner = task;
            } finally {
                lock.unlock();
            }
        }

        Callable<T> ending(Callable<T> work) {
            return () -> {
                try {
                    return work.call();
                } finally {
                    change(() -> ended = true);
                }
            };
        }

        private void change(Runnable by) {
            lock.lock();
            try {
                by.run();
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        private Task<T> task() {
            lock.lock();
            try {
                Task<T> running = inner;
                if (running == null) {
                    throw new IllegalStateException("a task is known once it was forked");
                }
                return running;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public T join() throws InterruptedException {
            lock.lockInterruptibly();
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
            return task().join(); // which ends in a moment
        }

        @Override
        public boolean joinUntil(Instant instant) throws InterruptedException {
            lock.lockInterruptibly();
            try {
                while (!ended && !givenUp && now().isBefore(instant)) {
                    changed.await(millisTo(instant), TimeUnit.MILLISECONDS);
                }
                return ended;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void interrupt() {
            task().interrupt();
        }

        @Override
        public void giveUp() {
            task().interrupt();
            change(() -> givenUp = true);
        }
    }
}
