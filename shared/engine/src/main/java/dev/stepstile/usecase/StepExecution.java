package dev.stepstile.usecase;

import dev.stepstile.codec.StepMessages;
import dev.stepstile.codec.StepMessages.Decoded;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Executes a batch of messages: {@code decode -> claim -> work -> record}, all at once; a step that lost a worker before
 * runs alone, after the others are recorded.
 */
public final class StepExecution {
    /** Before the function's own deadline, to record what is still running as timed out. */
    public static final Duration RESERVE = Duration.ofSeconds(10);

    /** A suspect received more often than this goes first, so that its batch-mates cannot take its time for ever. */
    private static final int ELDER = 5;

    private static final Duration NEWER_VERSION_WAIT = Duration.ofSeconds(30);
    private static final Logger LOG = LoggerFactory.getLogger(StepExecution.class);

    /** What every line that is logged for a message's step carries, whichever thread logs it. */
    private static final List<String> STEP_CONTEXT = List.of("run", "step", "attempt");

    private final Parts parts;
    private final Engine engine;
    private final KnownDispatches dispatches;
    private final PuttingBack puttingBack;

    public StepExecution(Parts parts, Engine engine) {
        this.parts = parts;
        this.dispatches = new KnownDispatches(parts.store());
        this.engine = engine;
        this.puttingBack = new PuttingBack(parts.queue(), parts.world());
    }

    /** What executing steps needs. */
    public record Parts(
            StepStore store,
            StepQueue queue,
            Payloads payloads,
            Recorder recorder,
            Burying burying,
            Redriving redriving,
            Handlers handlers,
            Output output,
            Timing timing,
            World world,
            Meter meter,
            SuspectLimit suspects,
            Stopping stopping) {}

    /** Leads an attempt from its claim to its end. Powertools idempotency is one, {@link #DIRECT} is another. */
    public interface Engine {
        /** Claims without an engine of idempotency in between: what the others must be equal to. */
        Engine DIRECT = attempt -> {
            if (attempt.claim()) {
                try {
                    attempt.succeed(attempt.work());
                } catch (AttemptFailed failed) {
                    attempt.fail(failed);
                }
            }
        };

        /** What it throws, and an attempt that it leaves without an end, is recorded as a failure of the attempt. */
        void lead(StepAttempt attempt);
    }

    /**
     * Executes a batch. Whatever becomes of one message, the others are worked on and awaited.
     *
     * @param deadline the function's own: nothing is recorded after it
     * @return the messages that are to stay in the queue, by id; all others may be deleted
     * @throws InterruptedException if this thread was interrupted: what ran was released before
     */
    public List<String> execute(List<Delivery> batch, Instant deadline) throws InterruptedException {
        SortedMap<Integer, Verdict> verdicts = new TreeMap<>();
        OptionalInt first = elderSuspect(batch);
        Batch work = new Batch(batch, deadline.minus(RESERVE), verdicts);
        if (first.isPresent() && parts.suspects().take()) {
            try {
                work.alone(first.getAsInt());
            } finally {
                parts.suspects().giveBack();
            }
        } else {
            work.together();
            work.suspects();
        }
        if (work.interrupted) {
            throw new InterruptedException("the worker was told to stop; what ran was released");
        }
        List<String> stay = new ArrayList<>();
        verdicts.forEach((index, verdict) -> {
            if (!(verdict instanceof Verdict.Acknowledge)) {
                stay.add(batch.get(index).messageId());
            }
        });
        return stay;
    }

    /**
     * Tells this worker to stop: it begins nothing more, interrupts what runs, and releases what has not ended after
     * {@code patience}. A released step runs again elsewhere, and its attempt is not counted. {@link #execute} then
     * returns.
     */
    public void stop(Duration patience) throws InterruptedException {
        parts.stopping().stop(parts.world().now().plus(patience));
    }

    /** A suspect that came so often that its batch-mates may have taken its time: the one that came most often. */
    private OptionalInt elderSuspect(List<Delivery> batch) {
        int eldest = -1;
        for (int i = 0; i < batch.size() && batch.size() > 1; i++) {
            int receives = batch.get(i).receiveCount();
            boolean elder = receives > ELDER
                    && (eldest < 0 || receives > batch.get(eldest).receiveCount());
            if (elder && isSuspect(batch.get(i))) {
                eldest = i;
            }
        }
        return eldest >= 0 ? OptionalInt.of(eldest) : OptionalInt.empty();
    }

    private boolean isSuspect(Delivery delivery) {
        try {
            return StepMessages.decode(delivery.body()) instanceof Decoded.Step(StepSpec spec)
                    && parts.store()
                            .record(spec.id(), spec.shard())
                            .filter(StepRecord::suspect)
                            .filter(record -> !(record.state() instanceof StepState.Ended))
                            .isPresent();
        } catch (PortException e) {
            return false; // its claim will say so again
        }
    }

    /** One batch on its way. */
    private final class Batch {
        private final List<Delivery> messages;
        private final Instant workUntil;
        private final Duration whole;
        private final SortedMap<Integer, Verdict> verdicts;
        private boolean interrupted;

        Batch(List<Delivery> messages, Instant workUntil, SortedMap<Integer, Verdict> verdicts) {
            this.messages = messages;
            this.workUntil = workUntil;
            this.whole = Duration.between(parts.world().now(), workUntil);
            this.verdicts = verdicts;
        }

        /** All at once; suspects are only found. */
        void together() {
            SortedMap<Integer, Tasks.Task<Verdict>> tasks = new TreeMap<>();
            for (int i = 0; i < messages.size(); i++) {
                fork(i, false, tasks);
            }
            join(tasks);
        }

        /** The first suspect runs alone, if a turn is free; the others are put back before, for whoever comes next. */
        void suspects() {
            List<Integer> found = new ArrayList<>();
            verdicts.forEach((index, verdict) -> {
                if (verdict instanceof Verdict.Defer) {
                    found.add(index);
                }
            });
            if (found.isEmpty()) {
                return;
            }
            if (!parts.suspects().take()) {
                comeAgain(found);
                return;
            }
            try {
                comeAgain(found.subList(1, found.size()));
                run(found.getFirst());
            } finally {
                parts.suspects().giveBack();
            }
        }

        private void comeAgain(List<Integer> suspects) {
            suspects.forEach(i -> verdicts.put(i, putBack(messages.get(i), puttingBack.forItsTurn(messages.get(i)))));
        }

        /** A suspect that has its turn goes first; its batch-mates go to other workers. */
        void alone(int suspect) {
            for (int i = 0; i < messages.size(); i++) {
                if (i != suspect) {
                    verdicts.put(i, settled(messages.get(i), new Verdict.PutBack(Duration.ZERO)));
                }
            }
            run(suspect);
        }

        private void run(int suspect) {
            SortedMap<Integer, Tasks.Task<Verdict>> task = new TreeMap<>();
            fork(suspect, true, task);
            join(task);
        }

        private void fork(int i, boolean alone, SortedMap<Integer, Tasks.Task<Verdict>> tasks) {
            Delivery message = messages.get(i);
            try {
                tasks.put(
                        i,
                        parts.world()
                                .tasks()
                                .fork("message " + message.messageId(), () -> one(message, workUntil, whole, alone)));
            } catch (Throwable noThread) { // the others go on
                verdicts.put(i, brokenOff(message, noThread));
            }
        }

        private void join(SortedMap<Integer, Tasks.Task<Verdict>> tasks) {
            tasks.forEach((i, task) -> verdicts.put(i, joined(messages.get(i), task)));
        }

        private Verdict joined(Delivery message, Tasks.Task<Verdict> task) {
            while (true) {
                try {
                    return task.join();
                } catch (InterruptedException toldToStop) {
                    interrupted = true;
                    stopAtOnce();
                } catch (Throwable thrown) { // nothing of one message may keep the others from being awaited
                    return brokenOff(message, thrown);
                }
            }
        }

        private void stopAtOnce() {
            try {
                stop(Duration.ZERO);
            } catch (InterruptedException again) {
                interrupted = true; // what runs has been told all the same
            }
        }
    }

    private Verdict one(Delivery delivery, Instant workUntil, Duration whole, boolean alone) {
        try {
            return settled(delivery, decided(delivery, workUntil, whole, alone));
        } catch (PortException e) {
            LOG.warn("Message {}: {}; it comes again shortly.", delivery.messageId(), e.getMessage());
            return settled(delivery, new Verdict.Again());
        } catch (Throwable thrown) { // the boundary at which whatever is thrown becomes a message that comes again
            return brokenOff(delivery, thrown);
        } finally {
            STEP_CONTEXT.forEach(MDC::remove);
        }
    }

    private Verdict brokenOff(Delivery delivery, Throwable thrown) {
        try {
            LOG.error("Message {}: broken off; it comes again shortly.", delivery.messageId(), thrown);
            return settled(delivery, new Verdict.Again());
        } catch (Throwable again) { // such as no memory to log by: it comes when its visibility timeout ends
            return new Verdict.Again();
        }
    }

    /** Tells the queue what a verdict means for it. */
    private Verdict settled(Delivery delivery, Verdict verdict) {
        return switch (verdict) {
            case Verdict.Held(Duration left) when delivery.receiveCount() > 1 -> putBack(delivery, left);
            case Verdict.Held duplicate -> {
                parts.meter().add(Count.DUPLICATES_SUPPRESSED);
                yield new Verdict.Acknowledge();
            }
            case Verdict.PutBack(Duration after) -> putBack(delivery, after);
            case Verdict.Again again -> putBack(delivery, puttingBack.soon(delivery));
            case Verdict.Acknowledge done -> done;
            case Verdict.Defer later -> later;
        };
    }

    private Verdict putBack(Delivery delivery, Duration wait) {
        puttingBack.hide(delivery, wait);
        return new Verdict.PutBack(wait);
    }

    private Verdict decided(Delivery delivery, Instant workUntil, Duration whole, boolean alone) {
        return switch (StepMessages.decode(delivery.body())) {
            case Decoded.NotOurs(String reason) -> unrecognised(delivery, reason);
            case Decoded.NewerVersion(int version) -> {
                LOG.info("Message {} is of version {}; put back for a newer worker.", delivery.messageId(), version);
                yield new Verdict.PutBack(NEWER_VERSION_WAIT);
            }
            case Decoded.MovedBack(StepSpec spec, int attempt) -> {
                if (!dispatches.has(spec)) { // whoever can send could otherwise have any dead step run once more
                    yield notDispatched(delivery);
                }
                yield parts.redriving().movedBack(spec, attempt, workUntil.plus(RESERVE))
                        ? lead(spec, workUntil, whole, alone)
                        : new Verdict.Acknowledge();
            }
            case Decoded.Step(StepSpec spec) ->
                dispatches.has(spec) ? lead(spec, workUntil, whole, alone) : notDispatched(delivery);
        };
    }

    private Verdict notDispatched(Delivery delivery) {
        return unrecognised(delivery, "nobody dispatched it: the table has no such dispatch, or not this step");
    }

    private Verdict unrecognised(Delivery delivery, String reason) {
        LOG.error(
                "Message {} is not recognised ({}); it goes to the dead-letter queue as it is.",
                delivery.messageId(),
                reason);
        parts.burying().buryUndecodable(delivery.messageId(), reason, delivery.body());
        return new Verdict.Acknowledge();
    }

    private Verdict lead(StepSpec spec, Instant workUntil, Duration whole, boolean alone) {
        MDC.put("run", spec.id().runId());
        MDC.put("step", spec.id().stepKey());
        if (parts.stopping().begun()) {
            return new Verdict.PutBack(Duration.ZERO);
        }
        Duration needed =
                spec.pinned().timeout().compareTo(whole) < 0 ? spec.pinned().timeout() : whole;
        if (parts.world().now().plus(needed).isAfter(workUntil.plusMillis(500))) {
            LOG.info("Step {}: not enough time is left here; put back, and no attempt is counted.", spec.id());
            return new Verdict.PutBack(Duration.ZERO);
        }
        StepAttempt attempt = new StepAttempt(parts, spec, workUntil, alone);
        try {
            engine.lead(attempt);
        } catch (PortException e) {
            attempt.brokenOff(e);
            throw e;
        } catch (
                Throwable thrown) { // an Error, or a defect of the engine: the attempt ends here, and its lease with it
            attempt.brokenOff(thrown);
            return attempt.verdict();
        }
        attempt.brokenOffUnlessEnded();
        return attempt.verdict();
    }
}
