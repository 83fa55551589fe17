package dev.stepstile.usecase;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Tasks whose threads are actors of a {@link Baton}. Each tick of a timer finds the clock later. */
final class RacyTasks implements Tasks {
    private static final ThreadLocal<@Nullable Forked<?>> CURRENT = new ThreadLocal<>();

    private final Baton baton;
    private Instant now;
    private int ticks;
    private Duration passes = Duration.ZERO;
    private BooleanSupplier from = () -> true;

    RacyTasks(Baton baton, Instant start) {
        this.baton = baton;
        this.now = start;
    }

    Instant now() {
        return now;
    }

    /** Each timer ticks so often, and not before; with each tick, so much time has passed. */
    void ticks(int times, Duration passing, BooleanSupplier notBefore) {
        ticks = times;
        passes = passing;
        from = notBefore;
    }

    /** A handler that works until it is asked to stop. */
    void awaitInterruption() throws InterruptedException {
        Forked<?> task = CURRENT.get();
        if (task == null) {
            throw new IllegalStateException("only forked work is interrupted");
        }
        Baton.await(() -> task.interrupted);
        throw new InterruptedException("as it was asked to");
    }

    @Override
    public <T> Task<T> fork(String name, Callable<T> work) {
        Forked<T> task = new Forked<>();
        baton.fork(() -> task.run(work));
        return task;
    }

    @Override
    public void sleepUntil(Instant instant) {
        Baton.reach();
    }

    @Override
    public Cancellable every(String name, Duration period, Runnable tick) {
        Ticker ticker = new Ticker();
        baton.fork(() -> ticker.run(tick));
        return ticker;
    }

    private final class Ticker implements Cancellable {
        private boolean cancelled;
        private boolean ticking;

        void run(Runnable tick) {
            Baton.await(() -> cancelled || from.getAsBoolean());
            for (int i = 0; i < ticks && !cancelled; i++) {
                ticking = true;
                now = now.plus(passes);
                tick.run();
                ticking = false;
                Baton.reach();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            Baton.await(() -> !ticking);
        }
    }

    private static final class Forked<T> implements Task<T> {
        private boolean interrupted;
        private boolean released;
        private boolean ended;
        private @Nullable T value;
        private @Nullable Throwable thrown;

        void run(Callable<T> work) {
            CURRENT.set(this);
            try {
                value = work.call();
            } catch (Throwable t) { // handed to whoever joins
                thrown = t;
            }
            ended = true;
            released = true;
        }

        @Override
        @SuppressWarnings("NullAway") // a task whose work returns null has a nullable T
        public T join() throws InterruptedException {
            Baton.await(() -> released);
            if (thrown != null) {
                throw Forked.<RuntimeException>unchecked(thrown);
            }
            return value;
        }

        @Override
        public boolean joinUntil(Instant instant) {
            Baton.await(() -> released);
            return ended;
        }

        @Override
        public void interrupt() {
            interrupted = true;
        }

        @Override
        public void giveUp() {
            interrupted = true;
            released = true;
        }

        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // rethrows what the work threw, as it is
        private static <E extends Throwable> E unchecked(Throwable t) throws E {
            throw (E) t;
        }
    }
}
