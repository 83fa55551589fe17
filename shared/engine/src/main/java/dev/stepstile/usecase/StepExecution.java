package dev.stepstile.usecase;

import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Executes a batch of messages: {@code decode -> claim -> work -> record}, all at once. A suspect, which is a step that
 * lost a worker before, runs alone after the others are recorded.
 */
public final class StepExecution {
    /** Time reserved before the Lambda deadline, to record timeouts of what still runs. */
    public static final Duration RESERVE = Duration.ofSeconds(10);

    /**
     * A suspect that was received more often than this runs before its batch, which could otherwise always take its
     * time.
     */
    private static final int RUN_ALONE_AFTER_RECEIVES = 5;

    private static final Duration NEWER_VERSION_WAIT = Duration.ofSeconds(30);
    private static final Logger LOG = LoggerFactory.getLogger(StepExecution.class);

    private final ExecutionParts parts;
    private final AttemptRunner runner;
    private final WorkerWatch watch;
    private final KnownDispatches dispatches;
    private final KnownPauses pauses;
    private final MessageReleaser releaser;

    StepExecution(ExecutionParts parts, AttemptRunner runner) {
        this.parts = parts;
        this.dispatches = new KnownDispatches(parts.store());
        this.pauses = new KnownPauses(parts.engine().ports().pauses(), parts.runtime());
        this.runner = runner;
        this.watch = new WorkerWatch(parts.engine());
        this.releaser = new MessageReleaser(parts.queue(), parts.runtime());
    }

    /**
     * Executes a batch. Whatever happens to one message, the others are processed and awaited.
     *
     * @param deadline the function's own: nothing is recorded after it
     * @return the ids of the messages that stay in the queue; all others may be deleted
     * @throws InterruptedException if this thread was interrupted: running attempts were released before
     */
    public List<String> execute(List<Delivery> batch, Instant deadline) throws InterruptedException {
        OptionalInt urgent = suspectReceivedOften(batch);
        boolean alone = urgent.isPresent() && parts.suspects().take();
        try {
            Batch work = new Batch(batch, deadline.minus(RESERVE));
            if (work.startWorker(alone ? urgent : OptionalInt.empty())) {
                try {
                    if (alone) {
                        work.runOnly(urgent.getAsInt());
                    } else {
                        work.runTogether();
                        work.runSuspects();
                    }
                } finally {
                    work.endWorker();
                }
            }
            if (work.interrupted) {
                throw new InterruptedException("the worker was stopped; running attempts were released");
            }
            return work.staying();
        } finally {
            if (alone) {
                parts.suspects().giveBack();
            }
        }
    }

    /**
     * Shuts this worker down: it starts nothing more, interrupts running handlers, and releases attempts that have not
     * ended after {@code patience}. A released step runs again elsewhere, and its attempt is not counted. {@link
     * #execute} then returns.
     */
    public void stop(Duration patience) throws InterruptedException {
        parts.shutdown().stop(parts.runtime().now().plus(patience));
    }

    /** The suspect received most often, if that is so often that its batch may have taken its time. */
    private OptionalInt suspectReceivedOften(List<Delivery> batch) {
        int most = -1;
        for (int i = 0; i < batch.size() && batch.size() > 1; i++) {
            int receives = batch.get(i).receiveCount();
            boolean receivedOften = receives > RUN_ALONE_AFTER_RECEIVES
                    && (most < 0 || receives > batch.get(most).receiveCount());
            if (receivedOften && isSuspect(batch.get(i))) {
                most = i;
            }
        }
        return most >= 0 ? OptionalInt.of(most) : OptionalInt.empty();
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
            return false; // its claim will find out
        }
    }

    /** The time that a batch has. */
    private record Budget(Instant workDeadline, Duration whole) {}

    /**
     * In which a message is processed.
     *
     * @param worker null if none of the batch's messages is of a step
     */
    private record Turn(Decoded content, @Nullable Worker worker, Budget budget, boolean alone) {}

    private static Optional<StepSpec> step(Decoded content) {
        return switch (content) {
            case Decoded.Step(StepSpec spec) -> Optional.of(spec);
            case Decoded.MovedBack(StepSpec spec, int _) -> Optional.of(spec);
            case Decoded.Unrecognised _, Decoded.NewerVersion _ -> Optional.empty();
        };
    }

    /** One batch, and what happens to each of its messages. */
    private final class Batch {
        private final List<Delivery> messages;
        private final List<Decoded> contents;
        private final Budget budget;
        private final SortedMap<Integer, MessageDisposition> dispositions = new TreeMap<>();
        private @Nullable Worker worker;
        private boolean interrupted;

        Batch(List<Delivery> messages, Instant workDeadline) {
            this.messages = messages;
            this.contents = messages.stream()
                    .map(message -> MessageCodec.decode(message.body()))
                    .toList();
            this.budget =
                    new Budget(workDeadline, Duration.between(parts.runtime().now(), workDeadline));
        }

        /** Puts all messages back if the worker's item may not have been written: nothing may be claimed then. */
        boolean startWorker(OptionalInt only) {
            List<StepSpec> steps = new ArrayList<>();
            for (int i = 0; i < messages.size(); i++) {
                if (only.isEmpty() || only.getAsInt() == i) {
                    step(contents.get(i)).ifPresent(steps::add);
                }
            }
            if (steps.isEmpty()) {
                return true;
            }
            try {
                worker = Worker.start(parts.engine(), watch, steps);
                return true;
            } catch (PortException e) {
                LOG.warn(
                        "The worker's item is not written ({}); its {} messages are retried shortly.",
                        e.getMessage(),
                        messages.size());
                putAllBack(message -> settle(message, new MessageDisposition.Retry(), null));
            } catch (Throwable thrown) { // such as no memory for the thread of its timer
                putAllBack(message -> brokenOff(message, thrown, null));
            }
            return false;
        }

        private void putAllBack(Function<Delivery, MessageDisposition> how) {
            for (int i = 0; i < messages.size(); i++) {
                dispositions.put(i, how.apply(messages.get(i)));
            }
        }

        void endWorker() {
            if (worker != null) {
                worker.end();
            }
        }

        List<String> staying() {
            List<String> stay = new ArrayList<>();
            dispositions.forEach((index, disposition) -> {
                if (!(disposition instanceof MessageDisposition.Ack)) {
                    stay.add(messages.get(index).messageId());
                }
            });
            return stay;
        }

        /** Runs all messages at once; suspects are only found. */
        void runTogether() {
            dispatches.readShared(
                    contents.stream().flatMap(each -> step(each).stream()).toList());
            pauses.readAhead();
            SortedMap<Integer, Tasks.Task<MessageDisposition>> tasks = new TreeMap<>();
            for (int i = 0; i < messages.size(); i++) {
                fork(i, false, tasks);
            }
            join(tasks);
        }

        /** Runs the first suspect alone, if a turn is free; the others are put back first, for other workers. */
        void runSuspects() {
            List<Integer> suspects = new ArrayList<>();
            dispositions.forEach((index, disposition) -> {
                if (disposition instanceof MessageDisposition.RunAlone) {
                    suspects.add(index);
                }
            });
            if (suspects.isEmpty()) {
                return;
            }
            if (!parts.suspects().take()) {
                waitForTurn(suspects);
                return;
            }
            try {
                waitForTurn(suspects.subList(1, suspects.size()));
                runAlone(suspects.getFirst());
            } finally {
                parts.suspects().giveBack();
            }
        }

        private void waitForTurn(List<Integer> suspects) {
            suspects.forEach(
                    i -> dispositions.put(i, putBack(messages.get(i), releaser.turnDelay(messages.get(i)), worker)));
        }

        /** Runs a suspect; the other messages go to other workers. */
        void runOnly(int suspect) {
            for (int i = 0; i < messages.size(); i++) {
                if (i != suspect) {
                    dispositions.put(i, settle(messages.get(i), new MessageDisposition.RetryIn(Duration.ZERO), worker));
                }
            }
            runAlone(suspect);
        }

        private void runAlone(int suspect) {
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
                                .fork(
                                        "message " + message.messageId(),
                                        () -> processMessage(
                                                message, new Turn(contents.get(i), worker, budget, alone))));
            } catch (Throwable noThread) { // the other messages continue
                dispositions.put(i, brokenOff(message, noThread, worker));
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
                } catch (Throwable thrown) { // an error with one message must not keep the others from being awaited
                    return brokenOff(message, thrown, worker);
                }
            }
        }

        private void stopAtOnce() {
            try {
                stop(Duration.ZERO);
            } catch (InterruptedException again) {
                interrupted = true; // the running handlers have been interrupted all the same
            }
        }
    }

    private MessageDisposition processMessage(Delivery delivery, Turn turn) {
        try (LogContext.Scope log = LogContext.NONE.open()) {
            return processMessage(delivery, turn, log);
        }
    }

    private MessageDisposition processMessage(Delivery delivery, Turn turn, LogContext.Scope log) {
        try {
            return settle(delivery, dispatchByType(delivery, turn, log), turn.worker());
        } catch (PortException e) {
            LOG.warn("Message {}: {}; it is retried shortly.", delivery.messageId(), e.getMessage());
            return settle(delivery, new MessageDisposition.Retry(), turn.worker());
        } catch (Throwable thrown) { // the boundary at which whatever is thrown becomes a message that is retried
            return brokenOff(delivery, thrown, turn.worker());
        }
    }

    private MessageDisposition brokenOff(Delivery delivery, Throwable thrown, @Nullable Worker worker) {
        try {
            LOG.error("Message {}: processing it failed; it is retried shortly.", delivery.messageId(), thrown);
            return settle(delivery, new MessageDisposition.Retry(), worker);
        } catch (Throwable again) { // such as no memory to log with: its visibility timeout expires
            return new MessageDisposition.Retry();
        }
    }

    /** Changes the message's visibility as its disposition demands. */
    private MessageDisposition settle(Delivery delivery, MessageDisposition disposition, @Nullable Worker worker) {
        return switch (disposition) {
            case MessageDisposition.Held(Duration wait)
            when delivery.receiveCount() > 1 -> putBack(delivery, wait, worker);
            case MessageDisposition.Held _ -> {
                parts.meter().add(Metric.DUPLICATES_SUPPRESSED);
                yield new MessageDisposition.Ack();
            }
            case MessageDisposition.RetryIn(Duration wait) -> putBack(delivery, wait, worker);
            case MessageDisposition.Retry _ -> putBack(delivery, releaser.retryDelay(delivery), worker);
            case MessageDisposition.Ack ack -> ack;
            case MessageDisposition.RunAlone later -> later;
        };
    }

    /** If the queue fails, the message is invisible for as long as the longest step: then others send the step again. */
    private MessageDisposition putBack(Delivery delivery, Duration wait, @Nullable Worker worker) {
        if (!releaser.changeVisibility(delivery, wait) && worker != null) {
            worker.settleLater(() -> {
                parts.queue().changeVisibility(delivery.receipt(), wait);
                return true;
            });
        }
        return new MessageDisposition.RetryIn(wait);
    }

    private MessageDisposition dispatchByType(Delivery delivery, Turn turn, LogContext.Scope log) {
        return switch (turn.content()) {
            case Decoded.Unrecognised(String reason) -> unrecognised(delivery, reason);
            case Decoded.NewerVersion(int version) -> {
                LOG.info(
                        "Message {} has format version {}; put back for a newer worker.",
                        delivery.messageId(),
                        version);
                yield new MessageDisposition.RetryIn(NEWER_VERSION_WAIT);
            }
            case Decoded.MovedBack(StepSpec spec, int attempt) -> {
                if (!dispatches.has(spec)) { // else anyone who can send could run any dead step once more
                    yield notDispatched(delivery);
                }
                yield parts.redriver()
                                .movedBack(
                                        spec,
                                        attempt,
                                        turn.budget().workDeadline().plus(RESERVE))
                        ? runAttempt(spec, turn, log)
                        : new MessageDisposition.Ack();
            }
            case Decoded.Step(StepSpec spec) ->
                dispatches.has(spec) ? runAttempt(spec, turn, log) : notDispatched(delivery);
        };
    }

    private MessageDisposition notDispatched(Delivery delivery) {
        return unrecognised(
                delivery, "it was not dispatched: the table has no such dispatch, or the dispatch has no such step");
    }

    private MessageDisposition unrecognised(Delivery delivery, String reason) {
        LOG.error("Message {} is unrecognised ({}); it is dead-lettered unchanged.", delivery.messageId(), reason);
        parts.deadLetterer().deadLetterUnrecognised(delivery.messageId(), reason, delivery.body());
        return new MessageDisposition.Ack();
    }

    private MessageDisposition runAttempt(StepSpec spec, Turn turn, LogContext.Scope log) {
        Budget budget = turn.budget();
        log.change(LogContext.of(spec.id(), 0));
        if (parts.shutdown().begun()) {
            return new MessageDisposition.RetryIn(Duration.ZERO);
        }
        if (pauses.cover(spec)) {
            parts.meter().add(Metric.STEPS_PAUSED);
            LOG.info("Step {}: paused; its message is deleted, and a sweep sends another after the resume.", spec.id());
            return new MessageDisposition.Ack();
        }
        Duration timeout = spec.settings().timeout();
        Instant now = parts.runtime().now();
        Instant stepDeadline = spec.settings().window().deadline();
        Duration untilDeadline = stepDeadline == null ? timeout : Duration.between(now, stepDeadline);
        Duration needed = Collections.min(List.of(timeout, budget.whole(), untilDeadline));
        if (now.plus(needed).isAfter(budget.workDeadline().plusMillis(500))) {
            LOG.info("Step {}: not enough time is left here; put back, and no attempt is counted.", spec.id());
            return new MessageDisposition.RetryIn(Duration.ZERO);
        }
        StepAttempt attempt = new StepAttempt(
                parts, Objects.requireNonNull(turn.worker()), spec, budget.workDeadline(), turn.alone(), log);
        try {
            runner.run(attempt);
        } catch (PortException e) {
            attempt.breakOff(e);
            throw e;
        } catch (Throwable thrown) { // an Error, or a defect of the runner: the attempt ends here
            attempt.breakOff(thrown);
            return attempt.disposition();
        }
        attempt.breakOffUnlessEnded();
        return attempt.disposition();
    }
}
