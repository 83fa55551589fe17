package dev.stepstile.usecases;

import dev.stepstile.runtime.VirtualTasks;
import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * A clock that moves when a test says so, and tasks that wait by it. Work runs on real threads; timers run on the thread
 * that moves the clock, so that they have run once it has moved. Before the clock moves, and after it, every other task
 * runs until it waits or ends: what a test sees does not depend on how fast its threads are.
 */
final class ManualTime implements InstantSource, Tasks {
    private final VirtualTasks threads = new VirtualTasks();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Timer> timers = new ArrayList<>();
    private final AtomicInteger starting = new AtomicInteger();
    private final Set<Thread> advancing = ConcurrentHashMap.newKeySet();
    private final Set<Thread> running = ConcurrentHashMap.newKeySet();
    private final BooleanSupplier callUnderWay;
    private Instant now;

    /** @param callUnderWay whether a task waits for an answer that comes without the clock */
    ManualTime(Instant start, BooleanSupplier callUnderWay) {
        now = start;
        this.callUnderWay = callUnderWay;
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
        advancing.add(Thread.currentThread());
        try {
            await(this::othersWait);
            Timer next = next(until);
            while (next != null) {
                await(this::othersWait);
                next.ring();
                await(this::othersWait);
                next = next(until);
            }
            moveTo(until);
            await(this::othersWait);
        } finally {
            advancing.remove(Thread.currentThread());
        }
    }

    /** Until no task can do anything before the clock moves or the test does something. */
    void awaitQuiet() {
        await(() -> advancing.isEmpty() && othersWait());
    }

    /** Looks from a task of its own: as only one runs at a time, none moves while it looks. */
    private void await(Supplier<Boolean> quiet) {
        long patience = System.nanoTime() + Work.PATIENCE.toNanos();
        while (!CompletableFuture.supplyAsync(quiet, Thread::startVirtualThread).join()) {
            LockSupport.parkNanos(10_000); // else a task that a platform thread woke would not get its turn
            if (System.nanoTime() > patience) {
                throw new AssertionError("A task computes, and does not wait for anything: " + running);
            }
        }
    }

    /** Whether every task that does not move the clock waits: for the clock, for another task or for the test. */
    private boolean othersWait() {
        running.removeIf(thread -> !thread.isAlive());
        return starting.get() == 0
                && !callUnderWay.getAsBoolean()
                && running.stream()
                        .filter(thread -> !advancing.contains(thread))
                        .map(Thread::getState)
                        .allMatch(state -> state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING);
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
        starting.incrementAndGet();
        forked.inner = threads.fork(name, () -> {
            running.add(Thread.currentThread());
            starting.decrementAndGet();
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
