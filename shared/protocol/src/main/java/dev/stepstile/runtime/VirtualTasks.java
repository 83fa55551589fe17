package dev.stepstile.runtime;

import dev.stepstile.protocol.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tasks on virtual threads; one platform thread keeps the time of all timers and hands each tick to a virtual one. */
public final class VirtualTasks implements Tasks {
    private static final Logger LOG = LoggerFactory.getLogger(VirtualTasks.class);
    private static final ScheduledExecutorService TIMER = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("stepstile-timer").factory());

    @Override
    public <T> Task<T> fork(String name, Callable<T> work) {
        VirtualTask<T> task = new VirtualTask<>();
        task.thread = Thread.ofVirtual().name(name).unstarted(() -> task.run(work));
        task.thread.start();
        return task;
    }

    @Override
    public void sleepUntil(Instant instant) throws InterruptedException {
        Duration wait = Duration.between(Instant.now(), instant);
        if (wait.isPositive()) {
            Thread.sleep(wait);
        }
    }

    @Override
    public Cancellable every(String name, Duration period, Runnable tick) {
        Ticker ticker = new Ticker(name, tick);
        long nanos = period.toNanos();
        ticker.schedule = TIMER.scheduleAtFixedRate(ticker::due, nanos, nanos, TimeUnit.NANOSECONDS);
        return ticker;
    }

    private static final class VirtualTask<T> implements Task<T> {
        private final CountDownLatch released = new CountDownLatch(1);
        private volatile @Nullable Thread thread;
        private volatile boolean ended;
        private volatile @Nullable T value;
        private volatile @Nullable Throwable thrown;

        void run(Callable<T> work) {
            try {
                value = work.call();
            } catch (Throwable t) { // handed to whoever joins
                thrown = t;
            }
            ended = true;
            released.countDown();
        }

        @Override
        @SuppressWarnings("NullAway") // a task whose work returns null has a nullable T
        public T join() throws InterruptedException {
            released.await();
            if (!ended) {
                throw new IllegalStateException("the task was given up");
            }
            Throwable t = thrown;
            if (t != null) {
                throw VirtualTask.<RuntimeException>unchecked(t);
            }
            return value;
        }

        @Override
        public boolean joinUntil(Instant instant) throws InterruptedException {
            long millis = Duration.between(Instant.now(), instant).toMillis();
            boolean inTime = released.await(Math.max(millis, 0), TimeUnit.MILLISECONDS);
            return inTime && ended;
        }

        @Override
        public void interrupt() {
            Thread running = thread;
            if (running != null) {
                running.interrupt();
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
                }
            }
        }

        private void run() {
            if (!ticking.tryLock()) {
                return;
            }
            try {
                if (!cancelled) {
                    tick.run();
                }
            } catch (RuntimeException e) {
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
