package dev.stepstile.usecases;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The handler {@code work}: does for each step what the test says, else returns the attempt's number. */
final class Work implements StepHandler {
    /** How long a test waits for what happens at once, or not at all. */
    static final Duration PATIENCE = Duration.ofSeconds(20);

    /** What a step does. */
    interface Doing {
        StepResult run(StepInput input, StepContext context) throws Exception;
    }

    /** A step that the test holds in the middle. */
    static final class Gate implements Doing {
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);
        private final CountDownLatch interrupted = new CountDownLatch(1);
        private volatile StepContext context;

        @Override
        public StepResult run(StepInput input, StepContext attempt) throws Exception {
            context = attempt;
            entered.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
            return StepResult.of("through the gate");
        }

        StepContext awaitEntered() throws InterruptedException {
            reached(entered, "the step was not started");
            return context;
        }

        void awaitInterrupted() throws InterruptedException {
            reached(interrupted, "the step was not interrupted");
        }

        void open() {
            open.countDown();
        }
    }

    private final SortedMap<String, Doing> doings = new TreeMap<>();
    private final List<String> started = new ArrayList<>();
    private volatile Duration grace = Duration.ZERO;

    static void reached(CountDownLatch latch, String orElse) throws InterruptedException {
        if (!latch.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError(orElse);
        }
    }

    /** A handler that takes no notice of an interruption. */
    static StepResult uninterruptible(CountDownLatch entered, CountDownLatch stop) {
        entered.countDown();
        boolean stopped = false;
        while (!stopped) {
            try {
                stop.await();
                stopped = true;
            } catch (InterruptedException ignored) {
                // that is the point
            }
        }
        return StepResult.none();
    }

    synchronized void on(String key, Doing doing) {
        doings.put(key, doing);
    }

    Gate gate(String key) {
        Gate gate = new Gate();
        on(key, gate);
        return gate;
    }

    /** Each start of user code, as {@code key#attempt}. */
    synchronized List<String> started() {
        return List.copyOf(started);
    }

    /** How long a cancelled attempt may take to end by itself. */
    void grace(Duration mayTake) {
        grace = mayTake;
    }

    @Override
    public Duration grace() {
        return grace;
    }

    @Override
    public String name() {
        return "work";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws Exception {
        Doing doing;
        synchronized (this) {
            started.add(context.stepKey() + "#" + context.attempt());
            doing = doings.get(context.stepKey());
        }
        return doing == null ? StepResult.of(context.attempt()) : doing.run(input, context);
    }
}
