package dev.stepstile.usecase;

import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.port.PortException;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepEvent.FailureKind;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Transition;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The attempt that one message causes: {@code claim -> work -> succeed | fail}. An {@link AttemptRunner} calls them in
 * this order, each at most once: {@link #claim}; if that returned true, {@link #work}; then {@link #succeed} with what
 * it returned, or {@link #fail} with what it threw. Afterwards {@link #disposition} is what happens to the message.
 */
public final class StepAttempt {
    private static final Logger LOG = LoggerFactory.getLogger(StepAttempt.class);

    /** For how long the end of an attempt is recorded again and again before its message goes back; its worker goes on. */
    private static final Duration RECORD_WITHIN = Duration.ofSeconds(60);

    private final ExecutionParts parts;
    private volatile StepSpec spec;
    private final Instant deadline;
    private final boolean alone;
    private final LogContext.Scope scope;
    private final AttemptLog log = new AttemptLog();

    private final Worker worker;
    private volatile @Nullable RunningAttempt running;
    private boolean foundEnded;
    private @Nullable String owner;
    private volatile MessageDisposition disposition = new MessageDisposition.Retry();

    /**
     * @param deadline when work is interrupted at the latest; the caller keeps time to record the end after it
     * @param alone whether nothing else runs beside it
     * @param scope the log context of its thread, which becomes the attempt's once it is claimed
     */
    StepAttempt(
            ExecutionParts parts,
            Worker worker,
            StepSpec spec,
            Instant deadline,
            boolean alone,
            LogContext.Scope scope) {
        this.parts = parts;
        this.worker = worker;
        this.spec = spec;
        this.deadline = deadline;
        this.alone = alone;
        this.scope = scope;
    }

    public StepSpec spec() {
        return spec;
    }

    /** The fence; 0 before the claim. */
    public int attempt() {
        RunningAttempt held = running;
        return held == null ? 0 : held.held().attempt();
    }

    /** What happens to the message. Before an end was recorded, it stays in the queue and is retried. */
    public MessageDisposition disposition() {
        return disposition;
    }

    /** Whether the claim was refused because the step had ended. */
    public boolean foundEnded() {
        return foundEnded;
    }

    /**
     * Claims the step; true if this attempt now owns it.
     *
     * @throws PortException if that is unknown; should the claim have been written, its worker finds out and ends the attempt
     */
    public boolean claim() {
        String minted = worker.nextOwner();
        if (minted == null) {
            disposition = new MessageDisposition.RetryIn(Duration.ZERO);
            return false;
        }
        owner = minted;
        switch (claimed(new StepEvent.Claim(spec, minted, deadline.plus(StepExecution.RESERVE), alone))) {
            case StepRecorder.Recorded.Wrote(StepRecord record)
            when record.state() instanceof StepState.Running -> {
                RunningAttempt claimed = RunningAttempt.of(parts, worker, record, log);
                running = claimed; // first: whatever happens from here on can end it
                scope.change(LogContext.of(record.id(), attempt()));
                spec = spec.as(record); // a redrive may have changed the settings since the message was sent
                claimed.start();
                measureWait(record);
                return true;
            }
            case StepRecorder.Recorded.Wrote(StepRecord record) -> ended(record);
            case StepRecorder.Recorded.Left(Transition why) -> refused(why);
        }
        return false;
    }

    private void measureWait(StepRecord claimed) {
        Instant since = spec.settings().window().earliest(parts.timing().dispatchedAt(spec.validUntil()));
        Instant now = parts.runtime().now();
        if (claimed.attempt() == 1 && !now.isBefore(since)) { // the dispatch function's clock may be ahead
            parts.meter().measure(Measure.STEP_WAIT, Duration.between(since, now));
        }
    }

    private StepRecorder.Recorded claimed(StepEvent.Claim claim) {
        try {
            StepRecorder.Recorded first = parts.recorder().apply(spec.id(), null, claim);
            return first instanceof StepRecorder.Recorded.Left(Transition.Held(StepRecord by))
                    ? claimUnlessItsWorkerLives(claim, by, first)
                    : first;
        } catch (PortException unknown) {
            worker.settleLater(() -> endIfClaimed(unknown)); // not written does not mean that it never will be
            throw unknown;
        }
    }

    /**
     * A running step whose worker was revoked, or has no item any more, is run by nobody. Who revoked it may have been here
     * already, and not look for it again: its attempt ends here.
     */
    private StepRecorder.Recorded claimUnlessItsWorkerLives(
            StepEvent.Claim claim, StepRecord by, StepRecorder.Recorded held) {
        String other = by.worker();
        if (other == null
                || parts.engine()
                        .workers()
                        .worker(other)
                        .filter(item -> item.revokedAt() == null)
                        .isPresent()) {
            return held;
        }
        StepEvent lost = new StepEvent.WorkerLost(other, by.attempt(), "");
        parts.recorder().apply(spec.id(), by, lost);
        return parts.recorder().apply(spec.id(), null, claim);
    }

    private void refused(Transition why) {
        foundEnded = why instanceof Transition.Finished;
        disposition = switch (why) {
            case Transition.NotDue notDue -> retryAt(notDue.notBefore());
            case Transition.Suspect _ -> new MessageDisposition.RunAlone();
            case Transition.Held _ ->
                new MessageDisposition.Held(
                        parts.timing().lease().plus(parts.timing().margin()));
            default -> new MessageDisposition.Ack();
        };
    }

    /**
     * Runs the handler under its time limit and makes its result durable.
     *
     * @return where the result is
     * @throws AttemptFailed if there is no result, whatever the reason
     */
    public Payload work() throws AttemptFailed {
        String name = spec.settings().handler();
        StepHandler handler = parts.handlers()
                .find(name)
                .orElseThrow(() ->
                        AttemptFailed.ofUnknownHandler(name, parts.handlers().known()));
        RunningAttempt held = held();
        InputReader reader = new InputReader(parts.payloads());
        HandlerInput input = reader.input(spec);
        Instant started = parts.runtime().now();
        Instant limit = limit(started);
        boolean spansExported = parts.engine().traces().exported();
        AttemptContext context = new AttemptContext(held, log, limit, reader.tags(spec), spec, spansExported);
        if (held.mustNotStart()) {
            throw AttemptFailed.ofStoppedWorker();
        }
        if (held.lost()) {
            throw AttemptFailed.ofRevokedWorker();
        }
        Tasks.Task<StepResult> task = parts.runtime()
                .tasks()
                .forkUserCode(
                        "step " + spec.id(),
                        () -> parts.output().capture(log::add, () -> run(handler, held, input, context)));
        held.handlerRuns(task, handler.grace());
        try {
            // the worker may have been stopped just before: then it does not wait for the handler
            if (!hasEnded(task, Collections.min(List.of(limit, held.abandonAt())))) {
                throw notEnded(held, task, Duration.between(started, limit));
            }
            return result(task.join());
        } catch (Throwable thrown) { // the boundary at which whatever a handler throws becomes a recorded attempt
            throw failed(thrown, held);
        } finally {
            held.handlerEnded();
            measureRun(handler, started);
        }
    }

    private void measureRun(StepHandler handler, Instant started) {
        Duration ran = Duration.between(started, parts.runtime().now());
        parts.meter().measure(Measure.HANDLER_DURATION, parts.handlers().label(handler), ran);
    }

    /** When the handler is interrupted: at its timeout, its step's deadline or its worker's end. */
    private Instant limit(Instant started) {
        Instant ofAttempt = Collections.min(List.of(started.plus(spec.settings().timeout()), deadline));
        Instant ofStep = spec.settings().window().deadline();
        return ofStep != null && ofStep.isBefore(ofAttempt) ? ofStep : ofAttempt;
    }

    private static StepResult run(StepHandler handler, RunningAttempt held, StepInput input, AttemptContext context)
            throws Exception {
        return handler instanceof ProcessIsolation separable && held.held().suspect()
                ? separable.runAlone(input, context)
                : handler.run(input, context);
    }

    private AttemptFailed failed(Throwable thrown, RunningAttempt held) {
        if (thrown instanceof InterruptedException && held.lost()) {
            return AttemptFailed.ofRevokedWorker();
        }
        if (thrown instanceof InterruptedException && held.cancelRequested()) {
            return AttemptFailed.ofCancel();
        }
        AttemptFailed failed = AttemptFailed.of(thrown);
        failed.trace().forEach(log::add);
        return failed;
    }

    /** Records the result. */
    public void succeed(Payload result) {
        RunningAttempt held = held();
        StepRecord record = held.stop();
        int pages = held.writeLastPages();
        record(record, new StepEvent.Succeed(record.attempt(), record.owner(), result, pages));
    }

    /** Records that there is no result, and when to try again. */
    public void fail(AttemptFailed failure) {
        RunningAttempt held = held();
        StepRecord record = held.stop();
        Duration asked = failure.retryIn();
        Duration retryIn = asked == null ? backoff(record) : asked;
        int pages = held.writeLastPages();
        boolean retryable =
                failure.failureKind() == FailureKind.RETRYABLE || failure.failureKind() == FailureKind.PASSING;
        boolean release = held.toldToStop() && retryable && asked == null;
        record(
                record,
                release
                        ? new StepEvent.Release(record.attempt(), record.owner(), pages)
                        : new StepEvent.Fail(record.attempt(), record.owner(), failure.cause(), retryIn, pages));
    }

    /** As {@link #breakOff}, if the runner left the attempt without an end. */
    void breakOffUnlessEnded() {
        RunningAttempt held = running;
        if (held != null && held.ticks()) {
            breakOff(new IllegalStateException("the runner left the attempt without an end"));
        }
    }

    /**
     * Ends an attempt that its runner could not: it is recorded as failed, unless the table already has its end. A claim
     * whose outcome this worker does not know is found by its owner.
     */
    void breakOff(Throwable thrown) {
        RunningAttempt held = running;
        if (held != null) {
            held.stop();
            record(held.held(), brokenOff(held.held(), thrown, held.pagesWritten()));
        } else if (owner != null && !(thrown instanceof PortException)) { // else it is settled later
            endIfClaimed(thrown);
        }
    }

    /** False if the claim is not written. */
    private boolean endIfClaimed(Throwable thrown) {
        Optional<StepRecord> claimed = parts.store()
                .record(spec.id(), spec.shard())
                .filter(record -> record.owner().equals(owner) && record.state() instanceof StepState.Running);
        claimed.ifPresent(record -> recorded(parts.recorder().apply(spec.id(), record, brokenOff(record, thrown, 0))));
        return claimed.isPresent();
    }

    private StepEvent brokenOff(StepRecord record, Throwable thrown, int pages) {
        LOG.error(
                "Step {}: attempt {} was ended by an error of its worker; it is recorded as a failure.",
                spec.id(),
                record.attempt(),
                thrown);
        StepError error = new StepError(
                StepError.Kind.HANDLER_FAILED,
                "The worker failed: " + FailureText.of(thrown).summary());
        StepEvent.Cause cause = new StepEvent.Cause(FailureKind.PASSING, error);
        return new StepEvent.Fail(record.attempt(), record.owner(), cause, backoff(record), pages);
    }

    private Duration backoff(StepRecord record) {
        return spec.settings()
                .retry()
                .backoff(
                        record.attempt() - record.attempts().budgetFrom(),
                        parts.runtime().random());
    }

    /**
     * An interruption here is this worker's own; the handler's own one is thrown by its task, and not to this thread.
     */
    private static boolean hasEnded(Tasks.Task<StepResult> task, Instant limit) throws AttemptFailed {
        try {
            return task.joinUntil(limit);
        } catch (InterruptedException interrupted) {
            task.giveUp();
            throw AttemptFailed.ofStoppedWorker();
        }
    }

    private AttemptFailed notEnded(RunningAttempt held, Tasks.Task<StepResult> task, Duration allowed) {
        task.giveUp();
        parts.meter().add(Metric.HANDLERS_ABANDONED);
        if (held.lost()) {
            return AttemptFailed.ofRevokedWorker();
        }
        if (held.cancelRequested()) {
            return AttemptFailed.ofCancel();
        }
        Instant ofStep = spec.settings().window().deadline();
        return ofStep != null && !parts.runtime().now().isBefore(ofStep)
                ? AttemptFailed.ofDeadline(ofStep)
                : AttemptFailed.ofTimeout(allowed);
    }

    private Payload result(StepResult result) throws AttemptFailed {
        return parts.payloads().putResult(spec.id(), attempt(), ResultJson.of(result));
    }

    private void record(StepRecord record, StepEvent event) {
        try {
            recorded(parts.recorder().apply(spec.id(), record, event, recordUntil(record)));
        } catch (PortException e) {
            disposition = new MessageDisposition.Retry();
            worker.settleLater(() -> {
                recorded(parts.recorder().apply(spec.id(), record, event));
                return true;
            });
            LOG.error(
                    "Step {}: the end of attempt {} could not be recorded ({}); it is tried again for as long as its worker lives.",
                    spec.id(),
                    record.attempt(),
                    e.getMessage());
        }
    }

    private void recorded(StepRecorder.Recorded outcome) {
        switch (outcome) {
            case StepRecorder.Recorded.Wrote(StepRecord written) -> ended(written);
            case StepRecorder.Recorded.Left _ -> disposition = new MessageDisposition.Ack();
        }
    }

    private void ended(StepRecord record) {
        switch (record.state()) {
            case StepState.Retrying(Instant notBefore) -> disposition = retryAt(notBefore);
            case StepState.Dead dead -> deadLetter(record, dead);
            case StepState.Running _, StepState.Succeeded _, StepState.Failed _, StepState.Cancelled _ ->
                disposition = new MessageDisposition.Ack();
        }
    }

    private void deadLetter(StepRecord record, StepState.Dead dead) {
        try {
            parts.deadLetterer().moveToDeadLetters(spec, record, dead);
            disposition = new MessageDisposition.Ack();
        } catch (PortException e) {
            disposition = new MessageDisposition.Retry();
            worker.settleLater(() -> {
                parts.deadLetterer().moveToDeadLetters(spec, record, dead);
                return true;
            });
            LOG.warn(
                    "Step {}: not dead-lettered yet ({}); it is tried again for as long as its worker lives.",
                    spec.id(),
                    e.getMessage());
        }
    }

    private MessageDisposition retryAt(Instant notBefore) {
        Duration wait = Duration.between(parts.runtime().now(), notBefore);
        return wait.compareTo(Limits.RETRY_DELAY) > 0
                ? new MessageDisposition.Ack() // the sweeper sends the step again when it is due
                : new MessageDisposition.RetryIn(wait.isNegative() ? Duration.ZERO : wait);
    }

    /** Until when recording is retried: past the handler's deadline, but not for longer than the worker has time. */
    private Instant recordUntil(StepRecord record) {
        Instant patience = parts.runtime().now().plus(RECORD_WITHIN);
        return record.state() instanceof StepState.Running held
                ? Collections.min(List.of(patience, held.deadline()))
                : patience;
    }

    private RunningAttempt held() {
        RunningAttempt held = running;
        if (held == null) {
            throw new IllegalStateException("an attempt works and ends only after it was claimed");
        }
        return held;
    }
}
