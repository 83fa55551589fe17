package dev.stepstile.testkit;

import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.testkit.AttemptOutcome.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The attempts of one step, and what the test lets happen to them. */
final class AttemptsUnderTest implements WatchedHandler.Attempts {
    /** For how long, by the machine's clock, a handler may go on that another attempt has overtaken. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Between two looks whether a handler waits; it does if several find so. */
    private static final Duration LOOK = Duration.ofMillis(2);

    private static final int LOOKS = 5;

    private final List<Fault> faults;
    private final TestTime time;
    private final EngineUnderTest engine;
    private final Consumer<List<Delivery>> executeElsewhere;
    private final Map<Integer, List<Progress>> progress = new HashMap<>();
    private final Map<Integer, Attempt> running = new HashMap<>();
    private final List<Attempt> overtaken = new ArrayList<>();
    private final AtomicInteger starts = new AtomicInteger();
    private final AtomicInteger deliveries = new AtomicInteger();
    private WorkerLife worker = new WorkerLife();
    private List<Delivery> batch = List.of();

    /** @param executeElsewhere has another worker execute a batch */
    AttemptsUnderTest(
            List<Fault> faults, TestTime time, EngineUnderTest engine, Consumer<List<Delivery>> executeElsewhere) {
        this.faults = new ArrayList<>(faults);
        this.time = time;
        this.engine = engine;
        this.executeElsewhere = executeElsewhere;
    }

    /** Attempts that start from now on are of this worker, and were caused by these messages. */
    synchronized void runBy(WorkerLife by, List<Delivery> given) {
        worker = by;
        batch = given;
    }

    synchronized void add(Fault fault) {
        faults.add(fault);
    }

    /** The faults whose moments have not come. */
    synchronized List<Fault> left() {
        return List.copyOf(faults);
    }

    int starts() {
        return starts.get();
    }

    synchronized List<Progress> progressOf(int attempt) {
        return List.copyOf(progress.getOrDefault(attempt, List.of()));
    }

    /** Whether a message is still to be delivered again. */
    boolean expectsDelivery() {
        return deliveries.get() > 0;
    }

    /** True if this message, which was just worked off, is to be delivered again. */
    synchronized boolean takesDelivery(Delivery delivery) {
        return batch.contains(delivery) && deliveries.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
    }

    /** The step has ended: those that stood still go on, one after the other, until their handlers have ended. */
    void letGo() throws InterruptedException {
        List<Attempt> waiting;
        synchronized (this) {
            waiting = List.copyOf(overtaken);
        }
        for (Attempt attempt : waiting) {
            attempt.goesOn.countDown();
            if (!attempt.left.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError(
                        "The handler of attempt " + attempt.number + " went on after it had stood still,"
                                + " and has not ended within " + PATIENCE.toSeconds() + " s.");
            }
            attempt.life.goOn();
            attempt.life
                    .executed()
                    .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .join();
        }
    }

    /** @throws AssertionError if a fault's moment never came */
    synchronized void requireAllFaults(StepOutcome outcome) {
        if (!faults.isEmpty()) {
            throw new AssertionError("The step ended before the test could " + faults + ".\n" + outcome);
        }
    }

    private synchronized @Nullable Fault take(int attempt, Moment.Kind kind, double fraction) {
        Iterator<Fault> all = faults.iterator();
        while (all.hasNext()) {
            Fault fault = all.next();
            Moment moment = fault.moment();
            if (moment.attempt() == attempt && moment.kind() == kind && moment.fraction() <= fraction) {
                all.remove();
                return fault;
            }
        }
        return null;
    }

    private synchronized boolean awaits(int attempt, Moment.Kind kind) {
        return faults.stream()
                .anyMatch(fault ->
                        fault.moment().attempt() == attempt && fault.moment().kind() == kind);
    }

    private synchronized Attempt attempt(int number) {
        return running.computeIfAbsent(number, n -> new Attempt(n, worker, batch));
    }

    private void happens(Attempt attempt, Moment.Kind kind, double fraction) throws InterruptedException {
        Fault fault = take(attempt.number, kind, fraction);
        while (fault != null) {
            fault.act().on(attempt);
            fault = take(attempt.number, kind, fraction);
        }
    }

    @Override
    public void started(int number) throws InterruptedException {
        starts.incrementAndGet();
        Attempt attempt = attempt(number);
        happens(attempt, Moment.Kind.START, 0);
        if (awaits(number, Moment.Kind.WAITING)) {
            Thread handler = Thread.currentThread();
            Thread.ofVirtual().name("watches " + handler.getName()).start(() -> watch(attempt, handler));
        }
    }

    private void watch(Attempt attempt, Thread handler) {
        try {
            int found = 0;
            while (found < LOOKS && attempt.left.getCount() > 0) {
                Thread.State state = handler.getState();
                boolean waits = state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
                found = waits ? found + 1 : 0;
                boolean _ = attempt.left.await(LOOK.toMillis(), TimeUnit.MILLISECONDS);
            }
            if (attempt.left.getCount() > 0) {
                happens(attempt, Moment.Kind.WAITING, 0);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }

    @Override
    public void progressed(int number, double fraction, String note) {
        synchronized (this) {
            progress.computeIfAbsent(number, n -> new ArrayList<>()).add(new Progress(fraction, note));
        }
        try {
            happens(attempt(number), Moment.Kind.PROGRESS, fraction);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the handler's to see
        }
    }

    @Override
    public void ended(int number) throws InterruptedException {
        happens(attempt(number), Moment.Kind.END, 0);
    }

    @Override
    public void left(int number) {
        attempt(number).left.countDown();
    }

    private final class Attempt implements AttemptUnderTest {
        private final int number;
        private final WorkerLife life;
        private final List<Delivery> messages;
        private final CountDownLatch goesOn = new CountDownLatch(1);
        private final CountDownLatch left = new CountDownLatch(1);

        Attempt(int number, WorkerLife life, List<Delivery> messages) {
            this.number = number;
            this.life = life;
            this.messages = messages;
        }

        @Override
        public void loseWorker() {
            life.stop();
            Uninterrupted.await(new CountDownLatch(1)); // for ever: a killed process runs no finally block
        }

        @Override
        public void standStill() {
            synchronized (AttemptsUnderTest.this) {
                overtaken.add(this);
            }
            life.stop();
            Uninterrupted.await(goesOn);
        }

        @Override
        public void cancel() throws InterruptedException {
            engine.body("POST", StepRun.RUN + "/cancel", "", null);
            time.forward(engine.timing().heartbeat().plusSeconds(1)); // and a tick of the worker's timer
        }

        @Override
        public void deliverTwice() {
            deliveries.incrementAndGet();
            executeElsewhere.accept(messages);
        }

        @Override
        public void clockForward(Duration duration) {
            time.forward(duration);
        }

        @Override
        public void throttle(int calls) {
            life.throttle(calls);
        }
    }
}
