package dev.stepstile.usecase;

import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
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
    private final MessageReleaser puttingBack;

    public StepExecution(Parts parts, Engine engine) {
        this.parts = parts;
        this.dispatches = new KnownDispatches(parts.store());
        this.engine = engine;
        this.puttingBack = new MessageReleaser(parts.queue(), parts.runtime());
    }

    /** What executing steps needs. */
    public record Parts(
            StepStore store,
            StepQueue queue,
            Payloads payloads,
            StepRecorder recorder,
            DeadLetterer deadLetterer,
            Redriver redriver,
            Handlers handlers,
            HandlerOutput output,
            Timing timing,
            EngineRuntime runtime,
            Meter meter,
            SuspectLimit suspects,
            WorkerShutdown stopping) {}

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
        SortedMap<Integer, MessageDisposition> dispositions = new TreeMap<>();
        OptionalInt first = elderSuspect(batch);
        Batch work = new Batch(batch, deadline.minus(RESERVE), dispositions);
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
        dispositions.forEach((index, disposition) -> {
            if (!(disposition instanceof MessageDisposition.Acknowledge)) {
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
        parts.stopping().stop(parts.runtime().now().plus(patience));
    }

    /** A suspect that came so often that its batch-mates may have taken its time: the one that came most often. */
    private OptionalInt elderSuspect(List<Delivery> batch) {
        int eldest = -1;
        for (int i = 0; i < batch.size() && batch.size() > 1; i++) {
            int receives = batch.get(i).receiveCount();
            boolean receivedOften = receives > ELDER
                    && (eldest < 0 || receives > batch.get(eldest).receiveCount());
            if (receivedOften && isSuspect(batch.get(i))) {
                eldest = i;
            }
        }
        return eldest >= 0 ? OptionalInt.of(eldest) : OptionalInt.empty();
    }

    private boolean isSuspect(Delivery delivery) {
        try {
            return MessageCodec.decode(delivery.body()) instanceof Decoded.Step(StepSpec spec)
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
        private final SortedMap<Integer, MessageDisposition> dispositions;
        private boolean interrupted;

        Batch(List<Delivery> messages, Instant workUntil, SortedMap<Integer, MessageDisposition> dispositions) {
            this.messages = messages;
            this.workUntil = workUntil;
            this.whole = Duration.between(parts.runtime().now(), workUntil);
            this.dispositions = dispositions;
        }

        /** All at once; suspects are only found. */
        void together() {
            SortedMap<Integer, Tasks.Task<MessageDisposition>> tasks = new TreeMap<>();
            for (int i = 0; i < messages.size(); i++) {
                fork(i, false, tasks);
            }
            join(tasks);
        }

        /** The first suspect runs alone, if a turn is free; the others are put back before, for whoever comes next. */
        void suspects() {
            List<Integer> found = new ArrayList<>();
            dispositions.forEach((index, disposition) -> {
                if (disposition instanceof MessageDisposition.Defer) {
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
            suspects.forEach(
                    i -> dispositions.put(i, putBack(messages.get(i), puttingBack.forItsTurn(messages.get(i)))));
        }

        /** A suspect that has its turn goes first; its batch-mates go to other workers. */
        void alone(int suspect) {
            for (int i = 0; i < messages.size(); i++) {
                if (i != suspect) {
                    dispositions.put(i, settled(messages.get(i), new MessageDisposition.PutBack(Duration.ZERO)));
                }
            }
            run(suspect);
        }

        private void run(int suspect) {
            SortedMap<Integer, Tasks.Task<MessageDisposition>> task = new TreeMap<>();
            fork(suspect, true, task);
            join(task);
        }

        private void fork(int i, boolean alone, SortedMap<Integer, Tasks.Task<MessageDisposition>> tasks) {
            Delivery message = messages.get(i);
            try {
                tasks.put(
                        i,
                        parts.runtime()
                                .tasks()
                                .fork("message " + message.messageId(), () -> one(message, workUntil, whole, alone)));
            } catch (Throwable noThread) { // the others go on
                dispositions.put(i, brokenOff(message, noThread));
            }
        }

        private void join(SortedMap<Integer, Tasks.Task<MessageDisposition>> tasks) {
            tasks.forEach((i, task) -> dispositions.put(i, joined(messages.get(i), task)));
        }

        private MessageDisposition joined(Delivery message, Tasks.Task<MessageDisposition> task) {
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

    private MessageDisposition one(Delivery delivery, Instant workUntil, Duration whole, boolean alone) {
        try {
            return settled(delivery, decided(delivery, workUntil, whole, alone));
        } catch (PortException e) {
            LOG.warn("Message {}: {}; it comes again shortly.", delivery.messageId(), e.getMessage());
            return settled(delivery, new MessageDisposition.Again());
        } catch (Throwable thrown) { // the boundary at which whatever is thrown becomes a message that comes again
            return brokenOff(delivery, thrown);
        } finally {
            STEP_CONTEXT.forEach(MDC::remove);
        }
    }

    private MessageDisposition brokenOff(Delivery delivery, Throwable thrown) {
        try {
            LOG.error("Message {}: broken off; it comes again shortly.", delivery.messageId(), thrown);
            return settled(delivery, new MessageDisposition.Again());
        } catch (Throwable again) { // such as no memory to log by: it comes when its visibility timeout ends
            return new MessageDisposition.Again();
        }
    }

    /** Tells the queue what a verdict means for it. */
    private MessageDisposition settled(Delivery delivery, MessageDisposition disposition) {
        return switch (disposition) {
            case MessageDisposition.Held(Duration left) when delivery.receiveCount() > 1 -> putBack(delivery, left);
            case MessageDisposition.Held duplicate -> {
                parts.meter().add(Metric.DUPLICATES_SUPPRESSED);
                yield new MessageDisposition.Acknowledge();
            }
            case MessageDisposition.PutBack(Duration after) -> putBack(delivery, after);
            case MessageDisposition.Again again -> putBack(delivery, puttingBack.soon(delivery));
            case MessageDisposition.Acknowledge done -> done;
            case MessageDisposition.Defer later -> later;
        };
    }

    private MessageDisposition putBack(Delivery delivery, Duration wait) {
        puttingBack.hide(delivery, wait);
        return new MessageDisposition.PutBack(wait);
    }

    private MessageDisposition decided(Delivery delivery, Instant workUntil, Duration whole, boolean alone) {
        return switch (MessageCodec.decode(delivery.body())) {
            case Decoded.NotOurs(String reason) -> unrecognised(delivery, reason);
            case Decoded.NewerVersion(int version) -> {
                LOG.info("Message {} is of version {}; put back for a newer worker.", delivery.messageId(), version);
                yield new MessageDisposition.PutBack(NEWER_VERSION_WAIT);
            }
            case Decoded.MovedBack(StepSpec spec, int attempt) -> {
                if (!dispatches.has(spec)) { // whoever can send could otherwise have any dead step run once more
                    yield notDispatched(delivery);
                }
                yield parts.redriver().movedBack(spec, attempt, workUntil.plus(RESERVE))
                        ? lead(spec, workUntil, whole, alone)
                        : new MessageDisposition.Acknowledge();
            }
            case Decoded.Step(StepSpec spec) ->
                dispatches.has(spec) ? lead(spec, workUntil, whole, alone) : notDispatched(delivery);
        };
    }

    private MessageDisposition notDispatched(Delivery delivery) {
        return unrecognised(delivery, "nobody dispatched it: the table has no such dispatch, or not this step");
    }

    private MessageDisposition unrecognised(Delivery delivery, String reason) {
        LOG.error(
                "Message {} is not recognised ({}); it goes to the dead-letter queue as it is.",
                delivery.messageId(),
                reason);
        parts.deadLetterer().deadLetterUndecodable(delivery.messageId(), reason, delivery.body());
        return new MessageDisposition.Acknowledge();
    }

    private MessageDisposition lead(StepSpec spec, Instant workUntil, Duration whole, boolean alone) {
        MDC.put("run", spec.id().runId());
        MDC.put("step", spec.id().stepKey());
        if (parts.stopping().begun()) {
            return new MessageDisposition.PutBack(Duration.ZERO);
        }
        Duration needed =
                spec.settings().timeout().compareTo(whole) < 0 ? spec.settings().timeout() : whole;
        if (parts.runtime().now().plus(needed).isAfter(workUntil.plusMillis(500))) {
            LOG.info("Step {}: not enough time is left here; put back, and no attempt is counted.", spec.id());
            return new MessageDisposition.PutBack(Duration.ZERO);
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
            return attempt.disposition();
        }
        attempt.brokenOffUnlessEnded();
        return attempt.disposition();
    }
}
