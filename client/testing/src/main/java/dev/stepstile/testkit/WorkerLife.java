package dev.stepstile.testkit;

import dev.stepstile.port.PortException;
import dev.stepstile.port.Ports;
import dev.stepstile.usecase.Tasks;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One worker of a test, which can stand still: none of its calls of the ports is under way then, none begins, and none of
 * its waits ends. A worker that was killed stands still for ever.
 */
final class WorkerLife implements Ports.Decorator {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ThreadLocal<Boolean> acting = ThreadLocal.withInitial(() -> false);
    private final AtomicInteger throttled = new AtomicInteger();
    private final CompletableFuture<Boolean> stopped = new CompletableFuture<>();
    private CompletableFuture<List<String>> executed = CompletableFuture.completedFuture(List.of());
    private int acts;
    private boolean still;

    /** Stands still from now on, once what is under way has ended. Not to be called by the worker's own threads. */
    void stop() {
        lock.lock();
        try {
            still = true;
            while (acts > 0) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        stopped.complete(true);
    }

    /** What it executes, to wait for once it goes on. */
    void executes(CompletableFuture<List<String>> batch) {
        lock.lock();
        try {
            executed = batch;
        } finally {
            lock.unlock();
        }
    }

    /** Completed once its batch has ended. */
    CompletableFuture<List<String>> executed() {
        lock.lock();
        try {
            return executed;
        } finally {
            lock.unlock();
        }
    }

    /** Completed once it has stood still. */
    CompletableFuture<Boolean> stopped() {
        return stopped;
    }

    /** Goes on, as a process that was suspended. */
    void goOn() {
        lock.lock();
        try {
            still = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean standsStill() {
        lock.lock();
        try {
            return still;
        } finally {
            lock.unlock();
        }
    }

    /** So many of its next calls of the ports fail. */
    void throttle(int calls) {
        throttled.addAndGet(calls);
    }

    private boolean beginsNow(boolean waits) {
        lock.lock();
        try {
            while (still && waits) {
                changed.awaitUninterruptibly();
            }
            if (!still) {
                acts++;
            }
            return !still;
        } finally {
            lock.unlock();
        }
    }

    private void ends() {
        lock.lock();
        try {
            acts--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void awaitLife() {
        if (beginsNow(true)) {
            ends();
        }
    }

    @Override
    public <P> P over(Class<P> type, P port) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    boolean within = acting.get(); // a timer that calls a port
                    if (!within) {
                        beginsNow(true);
                    }
                    try {
                        if (throttled.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                            throw new PortException(method.getName() + ": throttled, as the test says");
                        }
                        return method.invoke(port, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        if (!within) {
                            ends();
                        }
                    }
                }));
    }

    /** The worker's tasks. */
    Tasks over(Tasks tasks) {
        return new Tasks() {
            @Override
            public <T> Task<T> fork(String name, Callable<T> work) {
                return new Waited<>(tasks.fork(name, work));
            }

            @Override
            public <T> Task<T> forkUserCode(String name, Callable<T> work) {
                return new Waited<>(tasks.forkUserCode(name, work));
            }

            @Override
            public void sleepUntil(Instant instant) throws InterruptedException {
                tasks.sleepUntil(instant);
                awaitLife();
            }

            @Override
            public Cancellable every(String name, Duration period, Runnable tick) {
                return tasks.every(name, period, () -> ticked(tick));
            }
        };
    }

    private void ticked(Runnable tick) {
        if (beginsNow(false)) {
            acting.set(true);
            try {
                tick.run();
            } finally {
                acting.remove();
                ends();
            }
        }
    }

    private final class Waited<T> implements Tasks.Task<T> {
        private final Tasks.Task<T> task;

        Waited(Tasks.Task<T> task) {
            this.task = task;
        }

        @Override
        public T join() throws InterruptedException {
            try {
                return task.join();
            } finally {
                awaitLife();
            }
        }

        @Override
        public boolean joinUntil(Instant instant) throws InterruptedException {
            boolean ended = task.joinUntil(instant);
            awaitLife();
            return ended;
        }

        @Override
        public void interrupt() {
            task.interrupt();
        }

        @Override
        public void giveUp() {
            task.giveUp();
        }
    }
}
