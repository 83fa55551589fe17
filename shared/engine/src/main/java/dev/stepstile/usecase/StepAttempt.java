package dev.stepstile.usecase;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import dev.stepstile.port.PortException;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepEvent.Weight;
import dev.stepstile.step.StepLife;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Transition;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One message on its way through {@code claim -> work -> succeed | fail}. An engine calls them in this order, each at
 * most once: {@link #claim}; if that was true {@link #work}; then {@link #succeed} with what it returned, or
 * {@link #fail} with what it threw. Afterwards {@link #disposition} says what is to become of the message.
 */
public final class StepAttempt {
    private static final Logger LOG = LoggerFactory.getLogger(StepAttempt.class);

    private final StepExecution.Parts parts;
    private volatile StepSpec spec;
    private final Instant deadline;
    private final boolean alone;
    private final AttemptLog log = new AttemptLog();

    private volatile @Nullable Lease lease;
    private boolean foundEnded;
    private @Nullable String owner;
    private MessageDisposition disposition = new MessageDisposition.Again();

    /**
     * @param deadline when work is interrupted at the latest; the caller keeps time to record the end after it
     * @param alone whether nothing else runs beside it
     */
    StepAttempt(StepExecution.Parts parts, StepSpec spec, Instant deadline, boolean alone) {
        this.parts = parts;
        this.spec = spec;
        this.deadline = deadline;
        this.alone = alone;
    }

    public StepSpec spec() {
        return spec;
    }

    /** The fence; 0 before the claim. */
    public int attempt() {
        Lease kept = lease;
        return kept == null ? 0 : kept.held().attempt();
    }

    /** What is to become of the message. Before an end was recorded: it stays, and comes again. */
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
     * @throws PortException if that is not known; a claim that happened all the same is reclaimed when its lease ends
     */
    public boolean claim() {
        String minted = parts.runtime().ids().get();
        owner = minted;
        Timing timing = parts.timing();
        StepEvent.Claim claim = new StepEvent.Claim(spec, minted, timing.lease(), timing.margin(), alone);
        StepRecorder.Recorded recorded = parts.recorder().apply(spec.id(), null, claim);
        switch (recorded) {
            case StepRecorder.Recorded.Wrote(StepRecord record)
            when record.state() instanceof StepState.Running -> {
                Lease claimed = Lease.of(parts, record, log);
                lease = claimed; // first: whatever happens from here on can end it
                spec = spec.as(record); // a redrive may have changed what this message says
                claimed.start();
                return true;
            }
            case StepRecorder.Recorded.Wrote(StepRecord record) -> ended(record);
            case StepRecorder.Recorded.Left(Transition.NotDue(StepRecord waiting, Instant notBefore)) ->
                disposition = putBackUntil(notBefore);
            case StepRecorder.Recorded.Left(Transition.Suspect suspect) -> disposition = new MessageDisposition.Defer();
            case StepRecorder.Recorded.Left(Transition.Held(StepRecord by)) ->
                disposition = new MessageDisposition.Held(leaseLeft(by).plus(timing.margin()));
            case StepRecorder.Recorded.Left(Transition why) -> {
                foundEnded = why instanceof Transition.Finished;
                disposition = new MessageDisposition.Acknowledge();
            }
        }
        return false;
    }

    /**
     * Runs the handler under its time limit and makes its result durable.
     *
     * @return where the result is
     * @throws AttemptFailed if there is no result, whatever the reason
     */
    public Payload work() throws AttemptFailed {
        StepHandler handler = parts.handlers()
                .find(spec.settings().handler())
                .orElseThrow(() -> new AttemptFailed(
                        Weight.TERMINAL,
                        StepError.Kind.UNKNOWN_HANDLER,
                        "No handler is named '" + spec.settings().handler() + "' on this worker; known: "
                                + parts.handlers().known() + "."));
        Lease kept = kept();
        HandlerInput input = input();
        Instant started = parts.runtime().now();
        Instant limit = earlier(started.plus(spec.settings().timeout()), deadline);
        Context context = new Context(kept, limit, tags());
        if (kept.mustNotBegin()) {
            throw toldToStop();
        }
        Tasks.Task<StepResult> task = parts.runtime()
                .tasks()
                .forkUserCode(
                        "step " + spec.id(),
                        () -> parts.output().capture(log::add, () -> run(handler, kept, input, context)));
        kept.runs(task, handler.grace());
        try {
            if (!hasEnded(
                    task, earlier(limit, kept.leftAt()))) { // a stop that was told just before waits for no handler
                throw notEnded(kept, task, Duration.between(started, limit));
            }
            return result(task.join());
        } catch (AttemptFailed failed) {
            throw failed;
        } catch (InterruptedException ofTheHandler) {
            throw kept.cancelRequested() ? cancelledWhileRunning() : handlerFailed(ofTheHandler);
        } catch (TerminalFailure terminal) {
            logged(FailureText.of(terminal));
            throw new AttemptFailed(
                    Weight.TERMINAL,
                    StepError.Kind.TERMINAL_FAILURE,
                    message(terminal) + FailureText.causedBy(terminal));
        } catch (RetryAfter retry) {
            throw new AttemptFailed(
                    Weight.RETRYABLE,
                    StepError.Kind.HANDLER_FAILED,
                    message(retry),
                    shorter(retry.delay(), Limits.RETRY_DELAY));
        } catch (PortException port) {
            throw new AttemptFailed(Weight.RETRYABLE, StepError.Kind.HANDLER_FAILED, "Payload store: " + message(port));
        } catch (Throwable thrown) { // the boundary at which whatever a handler throws becomes a recorded attempt
            throw handlerFailed(thrown);
        } finally {
            kept.runsNothing();
        }
    }

    private static StepResult run(StepHandler handler, Lease kept, StepInput input, StepContext context)
            throws Exception {
        return handler instanceof ProcessIsolation separable && kept.held().suspect()
                ? separable.runAlone(input, context)
                : handler.run(input, context);
    }

    /** Records the result, for as long as the lease may last. */
    public void succeed(Payload result) {
        Lease kept = kept();
        StepRecord record = kept.stop();
        try {
            int written = kept.writeLastPages();
            ended(parts.recorder()
                    .apply(
                            spec.id(),
                            record,
                            new StepEvent.Succeed(record.attempt(), record.owner(), result, written),
                            recordUntil(record)));
        } catch (PortException e) {
            unrecorded("success", e);
        }
    }

    /** Records that there is no result, and when to try again. */
    public void fail(AttemptFailed failure) {
        Lease kept = kept();
        StepRecord record = kept.stop();
        Duration wait = failure.retryIn();
        if (wait == null) {
            wait = spec.settings()
                    .retry()
                    .backoff(
                            record.attempt() - record.budgetFrom(),
                            parts.runtime().random());
        }
        try {
            int written = kept.writeLastPages();
            StepEvent event = kept.toldToStop() && failure.weight() == Weight.RETRYABLE && failure.retryIn() == null
                    ? new StepEvent.Release(record.attempt(), record.owner(), written)
                    : new StepEvent.Fail(
                            record.attempt(), record.owner(), failure.weight(), failure.error(), wait, written);
            ended(parts.recorder().apply(spec.id(), record, event, recordUntil(record)));
        } catch (PortException e) {
            unrecorded("failure", e);
        }
    }

    /** As {@link #brokenOff}, if the engine came to no end. */
    void brokenOffUnlessEnded() {
        Lease kept = lease;
        if (kept != null && kept.ticks()) {
            brokenOff(new IllegalStateException("the engine left the attempt without an end"));
        }
    }

    /**
     * Ends what an engine could not: nothing renews the lease any more, and the attempt is recorded as failed, unless it
     * has ended in the table already. A claim that nobody waited for is found by its owner.
     */
    void brokenOff(Throwable thrown) {
        Lease kept = lease;
        if (kept != null) {
            kept.stop();
            failed(kept.held(), thrown, kept.pagesWritten());
        } else if (owner != null && !(thrown instanceof PortException)) {
            parts.store()
                    .record(spec.id(), spec.shard())
                    .filter(record -> record.owner().equals(owner) && record.state() instanceof StepState.Running)
                    .ifPresent(record -> failed(record, thrown, 0));
        }
    }

    private void failed(StepRecord record, Throwable thrown, int pages) {
        LOG.error("Step {}: attempt {} was broken off by its worker.", spec.id(), record.attempt(), thrown);
        Duration wait = spec.settings()
                .retry()
                .backoff(record.attempt() - record.budgetFrom(), parts.runtime().random());
        StepError error = new StepError(
                StepError.Kind.HANDLER_FAILED,
                "The worker failed: " + FailureText.of(thrown).summary());
        ended(parts.recorder()
                .apply(
                        spec.id(),
                        record,
                        new StepEvent.Fail(record.attempt(), record.owner(), Weight.RETRYABLE, error, wait, pages),
                        recordUntil(record)));
    }

    /** An interruption here is this worker's own; the handler's comes out of its task, and leaves this thread alone. */
    private static boolean hasEnded(Tasks.Task<StepResult> task, Instant limit) throws AttemptFailed {
        try {
            return task.joinUntil(limit);
        } catch (InterruptedException interrupted) {
            task.giveUp();
            throw toldToStop();
        }
    }

    private static AttemptFailed toldToStop() {
        return new AttemptFailed(Weight.RETRYABLE, StepError.Kind.TIMEOUT, "The worker was told to stop.");
    }

    private static AttemptFailed cancelledWhileRunning() {
        return new AttemptFailed(Weight.RETRYABLE, StepError.Kind.CANCELLED, "Cancelled while it ran.");
    }

    private AttemptFailed notEnded(Lease kept, Tasks.Task<StepResult> task, Duration allowed) {
        task.giveUp();
        parts.meter().add(Metric.HANDLERS_ABANDONED);
        if (kept.lost()) {
            return new AttemptFailed(Weight.RETRYABLE, StepError.Kind.WORKER_LOST, "The lease was lost.");
        }
        if (kept.cancelRequested()) {
            return cancelledWhileRunning();
        }
        return new AttemptFailed(
                Weight.RETRYABLE,
                StepError.Kind.TIMEOUT,
                "Not done after " + allowed.toMillis()
                        + " ms; give it more by timeoutSeconds (a redrive with overrides), or the function more time.");
    }

    private Payload result(StepResult result) throws AttemptFailed {
        return parts.payloads().putResult(spec.id(), attempt(), ResultJson.of(result));
    }

    private HandlerInput input() throws AttemptFailed {
        SortedMap<String, String> shared = new TreeMap<>();
        for (Map.Entry<String, Payload> entry : spec.sharedInputs().entrySet()) {
            shared.put(entry.getKey(), payload("Input", entry.getValue()));
        }
        return new HandlerInput(payload("Input", spec.input()), shared);
    }

    private SortedMap<String, String> tags() throws AttemptFailed {
        Payload common = spec.commonTags();
        if (common == null) {
            return spec.tags();
        }
        SortedMap<String, String> tags = new TreeMap<>();
        Json.parse(payload("Tags", common))
                .properties()
                .forEach(tag -> tags.put(tag.getKey(), tag.getValue().asText()));
        tags.putAll(spec.tags());
        return tags;
    }

    private String payload(String what, Payload payload) throws AttemptFailed {
        try {
            return parts.payloads().get(payload);
        } catch (Payloads.Missing missing) {
            throw new AttemptFailed(Weight.HOPELESS, StepError.Kind.PAYLOAD_MISSING, what + ": " + message(missing));
        } catch (PortException port) {
            throw new AttemptFailed(Weight.RETRYABLE, StepError.Kind.HANDLER_FAILED, "Payload store: " + message(port));
        }
    }

    private void ended(StepRecorder.Recorded recorded) {
        switch (recorded) {
            case StepRecorder.Recorded.Wrote(StepRecord record) -> ended(record);
            case StepRecorder.Recorded.Left left -> disposition = new MessageDisposition.Acknowledge();
        }
    }

    private void ended(StepRecord record) {
        disposition = new MessageDisposition.Acknowledge();
        switch (record.state()) {
            case StepState.Retrying(Instant notBefore) -> disposition = putBackUntil(notBefore);
            case StepState.Dead dead -> {
                disposition = new MessageDisposition.Again();
                parts.deadLetterer().moveToDeadLetters(spec, record, dead);
                disposition = new MessageDisposition.Acknowledge();
            }
            case StepState.Running running -> {}
            case StepState.Succeeded succeeded -> {}
            case StepState.Failed failed -> {}
            case StepState.Cancelled cancelled -> {}
        }
    }

    private Duration leaseLeft(StepRecord by) {
        return by.state() instanceof StepState.Running running
                ? StepLife.leaseLeft(running, parts.runtime().now())
                : Duration.ZERO;
    }

    private MessageDisposition putBackUntil(Instant notBefore) {
        Duration wait = Duration.between(parts.runtime().now(), notBefore);
        return wait.compareTo(Limits.RETRY_DELAY) > 0
                ? new MessageDisposition.Acknowledge() // the sweeper sends it when it is due
                : new MessageDisposition.PutBack(wait.isNegative() ? Duration.ZERO : wait);
    }

    private void unrecorded(String what, PortException e) {
        disposition = new MessageDisposition.Again();
        LOG.error(
                "Step {}: the {} of attempt {} could not be recorded ({}); the step runs again when its lease ends.",
                spec.id(),
                what,
                attempt(),
                e.getMessage());
    }

    /** Recording is tried until the lease is over by our own clock, and past the handler's deadline. */
    private Instant recordUntil(StepRecord record) {
        return record.state() instanceof StepState.Running held
                ? held.leaseUntil()
                : parts.runtime().now();
    }

    private Lease kept() {
        Lease kept = lease;
        if (kept == null) {
            throw new IllegalStateException("an attempt works and ends only after it was claimed");
        }
        return kept;
    }

    private static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private AttemptFailed handlerFailed(Throwable thrown) {
        return new AttemptFailed(
                Weight.RETRYABLE,
                StepError.Kind.HANDLER_FAILED,
                logged(FailureText.of(thrown)).summary());
    }

    /** The stack trace has no room in the record; it is the last that the attempt logs. */
    private FailureText logged(FailureText failure) {
        failure.trace().forEach(log::add);
        return failure;
    }

    private static String message(Throwable thrown) {
        String message = thrown.getMessage();
        return message == null ? thrown.getClass().getSimpleName() : message;
    }

    private final class Context implements StepContext {
        private final Lease kept;
        private final Instant limit;
        private final SortedMap<String, String> tags;

        Context(Lease kept, Instant limit, SortedMap<String, String> tags) {
            this.kept = kept;
            this.limit = limit;
            this.tags = tags;
        }

        @Override
        public String runId() {
            return spec.id().runId();
        }

        @Override
        public String stepKey() {
            return spec.id().stepKey();
        }

        @Override
        public int attempt() {
            return StepAttempt.this.attempt();
        }

        @Override
        public Instant deadline() {
            return limit;
        }

        @Override
        public Map<String, String> tags() {
            return tags;
        }

        @Override
        public void progress(double fraction, String note) {
            kept.progress(new StepState.Progress(fraction, note));
        }

        @Override
        public void log(String line) {
            log.add(line);
        }

        @Override
        public boolean cancelled() {
            return kept.cancelRequested() || kept.lost();
        }
    }
}
