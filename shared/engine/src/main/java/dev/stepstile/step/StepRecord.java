package dev.stepstile.step;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The one item that holds what has happened to a step. All instants are whole milliseconds. */
public record StepRecord(
        StepId id,
        int shard,
        StepSettings settings,
        Instant createdAt,
        Attempts attempts,
        AnsweredCalls answered,
        StepState state) {

    /**
     * What the step has answered of what was asked of it.
     *
     * @param cancelSeq the run's cancel number
     * @param redrivenBy names the call that last redrove the step; null if none did, or a dead letter that was moved back
     */
    public record AnsweredCalls(long cancelSeq, @Nullable String redrivenBy) {
        public static final AnsweredCalls NONE = new AnsweredCalls(0, null);
    }

    /** The record of a step that was never claimed, as it stands in its manifest. */
    static StepRecord unclaimed(StepSpec spec, Instant createdAt, StepState state) {
        return new StepRecord(
                spec.id(), spec.shard(), spec.recorded(), createdAt, Attempts.NONE, AnsweredCalls.NONE, state);
    }

    /** The newest attempt's number, which is the fence; 0 before the first claim. */
    public int attempt() {
        return attempts.newest().number();
    }

    /** The token of the newest claim. */
    public String owner() {
        return attempts.newest().owner();
    }

    /** The last attempts that did not succeed, oldest first. */
    public List<FailedAttempt> history() {
        return attempts.history();
    }

    /** The run's cancel number that this step has answered. */
    public long cancelSeq() {
        return answered.cancelSeq;
    }

    /** The next attempt, which is now the fence. */
    StepRecord withNextAttempt(String owner, Instant now) {
        return with(attempts.withNext(owner, now));
    }

    StepRecord withPages(int written) {
        return with(attempts.withPages(written));
    }

    /** With a note on the newest attempt, which ended at {@code now}. */
    StepRecord withNote(StepError.Kind cause, String message, Instant now) {
        return with(attempts.withNote(cause, message, now));
    }

    StepRecord withAttemptNotCounted() {
        return with(attempts.withOneNotCounted());
    }

    StepRecord withFreshBudget() {
        return with(attempts.withFreshBudget());
    }

    StepRecord withSettings(StepSettings changed) {
        return new StepRecord(id, shard, changed, createdAt, attempts, answered, state);
    }

    StepRecord withCancelSeq(long cancelSeq) {
        return withAnswered(new AnsweredCalls(cancelSeq, answered.redrivenBy));
    }

    StepRecord withAnswered(AnsweredCalls calls) {
        return new StepRecord(id, shard, settings, createdAt, attempts, calls, state);
    }

    StepRecord withState(StepState next) {
        return new StepRecord(id, shard, settings, createdAt, attempts, answered, next);
    }

    private StepRecord with(Attempts changed) {
        return new StepRecord(id, shard, settings, createdAt, changed, answered, state);
    }

    /** Whether one more attempt may follow the newest one. */
    public boolean budgetLeft() {
        return attempts.budgetLeft(settings.retry());
    }

    /** Whether the newest attempt can no longer be running, the clocks' margin included. False unless RUNNING. */
    public boolean overdue(Instant now, Duration margin) {
        return state instanceof StepState.Running running
                && !now.isBefore(running.deadline().plus(margin));
    }

    /** The worker that runs the newest attempt, or ran it; null if a version before claimed it, or if it never was. */
    public @Nullable String worker() {
        return WorkerRecord.workerOf(owner());
    }

    /** Whether a worker was lost in the present budget: the step may be what killed it. */
    public boolean suspect() {
        return attempts.lostWorker();
    }

    /** When it was last written, as far as the record shows: heartbeats and rewrites for retention leave no trace. */
    public Instant lastWritten() {
        Instant claimed = attempts.newest().startedAt();
        Instant written = claimed == null || claimed.isBefore(createdAt) ? createdAt : claimed;
        return state instanceof StepState.Ended ended && ended.finishedAt().isAfter(written)
                ? ended.finishedAt()
                : written;
    }

    /** For how long the newest attempt of a step that has ended ran; empty before the end, and if none was claimed. */
    public Optional<Duration> lastAttemptRan() {
        Instant claimed = attempts.newest().startedAt();
        if (!(state instanceof StepState.Ended ended) || claimed == null) {
            return Optional.empty();
        }
        Instant end = history().stream() // that of a step which then waited for a retry, until it was cancelled
                .filter(note -> note.attempt() == attempt() && note.cause() != StepError.Kind.REDRIVEN)
                .map(FailedAttempt::endedAt)
                .findFirst()
                .orElse(ended.finishedAt());
        return Optional.of(end.isBefore(claimed) ? Duration.ZERO : Duration.between(claimed, end)); // clocks differ
    }

    /**
     * Whether {@code found} is what a write of this record would have left: same attempt, owner, state, cancels and redrive.
     * An end may have come after a cancel that its writer did not know when it meant to write this.
     */
    public boolean isShownBy(@Nullable StepRecord found) {
        return found != null
                && found.attempts.sameAs(attempts)
                && found.state.name() == state.name()
                && Objects.equals(found.answered.redrivenBy, answered.redrivenBy)
                && (state instanceof StepState.Ended
                        ? found.cancelSeq() >= cancelSeq()
                        : found.cancelSeq() == cancelSeq());
    }
}
