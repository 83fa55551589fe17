package dev.stepstile.step;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The one item that holds what has happened to a step. All instants are whole milliseconds.
 *
 * @param attempt the newest attempt's number, which is the fence; 0 before the first claim
 * @param owner the token of the newest claim; stays after the attempt's end, empty before the first claim
 * @param budgetFrom the attempt after which the present budget of attempts began
 * @param cancelSeq the run's cancel number that this step has answered
 * @param startedAt when the newest attempt was claimed
 * @param pages how many log pages the newest attempt wrote, known once it ended
 * @param redrivenBy names the call that last redrove the step; null if none did, or a dead letter that was moved back
 * @param history the last {@link #MAX_HISTORY} attempts that did not succeed, oldest first
 */
public record StepRecord(
        StepId id,
        int shard,
        StepSettings settings,
        int attempt,
        String owner,
        int budgetFrom,
        long cancelSeq,
        Instant createdAt,
        @Nullable Instant startedAt,
        int pages,
        List<FailedAttempt> history,
        StepState state,
        @Nullable String redrivenBy) {
    public static final int MAX_HISTORY = 10;

    public StepRecord {
        history = List.copyOf(
                history.size() > MAX_HISTORY ? history.subList(history.size() - MAX_HISTORY, history.size()) : history);
    }

    /** One that was never redriven. */
    public StepRecord(
            StepId id,
            int shard,
            StepSettings settings,
            int attempt,
            String owner,
            int budgetFrom,
            long cancelSeq,
            Instant createdAt,
            @Nullable Instant startedAt,
            int pages,
            List<FailedAttempt> history,
            StepState state) {
        this(
                id,
                shard,
                settings,
                attempt,
                owner,
                budgetFrom,
                cancelSeq,
                createdAt,
                startedAt,
                pages,
                history,
                state,
                null);
    }

    /** Whether one more attempt may follow the newest one. */
    public boolean budgetLeft() {
        return attempt - budgetFrom < settings.retry().maxAttempts();
    }

    /** Whether the newest attempt's lease is over, the clocks' margin included. False unless RUNNING. */
    public boolean leaseExpired(Instant now, Duration margin) {
        return state instanceof StepState.Running running
                && !now.isBefore(running.leaseUntil().plus(margin));
    }

    /** Whether a worker was lost in the present budget: the step may be what killed it. */
    public boolean suspect() {
        int counted = budgetFrom; // attempts after it are of this budget; each that was not counted has moved it by one
        for (FailedAttempt note : history.reversed()) {
            if (note.attempt() <= counted) {
                return false;
            }
            if (note.cause() == StepError.Kind.WORKER_LOST) {
                return true;
            }
            counted -= note.cause() == StepError.Kind.WORKER_STOPPED ? 1 : 0;
        }
        return false;
    }

    /** When it was written last, as far as it says: not for a heartbeat, nor where it was only written anew. */
    public Instant lastWritten() {
        Instant written = startedAt == null || startedAt.isBefore(createdAt) ? createdAt : startedAt;
        return state instanceof StepState.Ended ended && ended.finishedAt().isAfter(written)
                ? ended.finishedAt()
                : written;
    }

    /** Whether {@code found} is what a write of this record would have left: same attempt, owner, state and redrive. */
    public boolean isShownBy(@Nullable StepRecord found) {
        return found != null
                && found.attempt == attempt
                && found.owner.equals(owner)
                && found.budgetFrom == budgetFrom
                && found.state.name() == state.name()
                && found.cancelSeq == cancelSeq
                && Objects.equals(found.redrivenBy, redrivenBy);
    }
}
