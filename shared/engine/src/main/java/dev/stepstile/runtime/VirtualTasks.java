package dev.stepstile.runtime;

import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Tasks on virtual threads; one platform thread keeps the time of all timers and hands each tick to a virtual one.
 * Users' code has platform threads: virtual ones are not taken off a processor while they compute, so a few busy steps
 * would stop every heartbeat.
 *
 * <p>A task logs in the context of the thread that started it: with the same run, step, attempt and request.
 */
public final class VirtualTasks implements Tasks {
    private static final Logger LOG = LoggerFactory.getLogger(VirtualTasks.class);
    private static final ScheduledExecutorService TIMER = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("stepstile-timer").factory());

    private static final Executor USER_CODE = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("step-", 0).factory());

    private final InstantSource clock;

    /** By the system clock. */
    public VirtualTasks() {
        this(InstantSource.system());
    }

    /** @param clock by which instants are waited for */
    public VirtualTasks(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public <T> Task<T> fork(String name, Callable<T> work) {
        Forked<T> task = new Forked<>(clock);
        Thread.ofVirtual().name(name).start(() -> task.run(work));
        return task;
    }

    @Override
    public <T> Task<T> forkUserCode(String name, Callable<T> work) {
        Forked<T> task = new Forked<>(clock);
        USER_CODE.execute(() -> task.run(work));
        return task;
    }

    @Override
    public void sleepUntil(Instant instant) throws InterruptedException {
        Duration wait = Duration.between(clock.instant(), instant);
        while (wait.isPositive()) {
            Thread.sleep(wait);
            wait = Duration.between(clock.instant(), instant);
        }
    }

    @Override
    public Cancellable every(String name, Duration period, Runnable tick) {
        Ticker ticker = new Ticker(name, tick);
        long nanos = period.toNanos();
        ticker.schedule = TIMER.scheduleAtFixedRate(ticker::due, nanos, nanos, TimeUnit.NANOSECONDS);
        return ticker;
    }

    private static long millis(Duration wait) {
        return wait.isPositive() ? wait.toMillis() + 1 : 0;
    }

    private static void logIn(@Nullable Map<String, String> context) {
        if (context != null) {
            MDC.setContextMap(context);
        } else {
            MDC.clear(); // a new thread may have that of the thread that made it
        }
    }

    private static final class Forked<T> implements Task<T> {
        private final InstantSource clock;
        private final @Nullable Map<String, String> context = MDC.getCopyOfContextMap();
        private final CountDownLatch released = new CountDownLatch(1);
        private final ReentrantLock interrupting = new ReentrantLock();
        private @Nullable Thread thread;
        private boolean interrupted;
        private volatile boolean ended;
        private volatile @Nullable T value;
        private volatile @Nullable Throwable thrown;

        Forked(InstantSource clock) {
            this.clock = clock;
        }

        void run(Callable<T> work) {
            try {
                begin();
                value = work.call();
            } catch (Throwable t) { // rethrown by join
                thrown = t;
            } finally {
                ended = true;
                try {
                    end();
                } finally {
                    released.countDown(); // whatever happens: join would wait for ever
                }
            }
        }

        private void begin() {
            logIn(context);
            interrupting.lock();
            try {
                thread = Thread.currentThread();
                if (interrupted) {
                    thread.interrupt();
                }
            } finally {
                interrupting.unlock();
            }
        }

        /** From here on the thread may do another's work, which an interruption of this one must not hit. */
        private void end() {
            MDC.clear();
            interrupting.lock();
            try {
                thread = null;
                Thread.interrupted();
            } finally {
                interrupting.unlock();
            }
        }

        @Override
        @SuppressWarnings("NullAway") // a task whose work returns null has a nullable T
        public T join() throws InterruptedException {
            released.await();
            if (!ended) {
                throw new IllegalStateException("the task was abandoned");
            }
            Throwable t = thrown;
            if (t != null) {
                throw Forked.<RuntimeException>unchecked(t);
            }
            return value;
        }

        @Override
        public boolean joinUntil(Instant instant) throws InterruptedException {
            Duration wait = Duration.between(clock.instant(), instant);
            boolean inTime = released.await(millis(wait), TimeUnit.MILLISECONDS);
            while (!inTime && wait.isPositive()) { // the clock may be slower than what the thread waits by
                wait = Duration.between(clock.instant(), instant);
                inTime = released.await(millis(wait), TimeUnit.MILLISECONDS);
            }
            return inTime && ended;
        }

        @Override
        public void interrupt() {
            interrupting.lock();
            try {
                interrupted = true;
                if (thread != null) {
                    thread.interrupt();
                }
            } finally {
                interrupting.unlock();
            }
        }

        @Override
        public void giveUp() {
            interrupt();
            released.countDown();
        }

        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // rethrows what the work threw, as it is
        private static <E extends Throwable> E unchecked(Throwable t) throws E {
            throw (E) t;
        }
    }

    private static final class Ticker implements Cancellable {
        private final String name;
        private final Runnable tick;
        private final @Nullable Map<String, String> context = MDC.getCopyOfContextMap();
        private final ReentrantLock ticking = new ReentrantLock();
        private volatile boolean cancelled;
        private volatile @Nullable ScheduledFuture<?> schedule;

        Ticker(String name, Runnable tick) {
            this.name = name;
            this.tick = tick;
        }

        void due() {
            if (!ticking.isLocked()) {
                try {
                    Thread.ofVirtual().name(name).start(this::run);
                } catch (RejectedExecutionException shuttingDown) {
                    cancelled = true;
                } catch (Throwable noThread) { // thrown on, it would end all further ticks without a log line
                    LOG.warn("{}: {}; the next tick follows.", name, noThread.toString());
                }
            }
        }

        private void run() {
            if (!ticking.tryLock()) {
                return;
            }
            try {
                if (!cancelled) {
                    logIn(context);
                    tick.run();
                }
            } catch (Throwable e) {
                LOG.warn("{}: {}; the next tick follows.", name, e.toString());
            } finally {
                ticking.unlock();
            }
        }

        @Override
        public void cancel() {
            ScheduledFuture<?> running = schedule;
            if (running != null) {
                running.cancel(false);
            }
            ticking.lock(); // waits for a tick that has begun
            try {
                cancelled = true; // one that has not does nothing
            } finally {
                ticking.unlock();
            }
        }
    }
}
