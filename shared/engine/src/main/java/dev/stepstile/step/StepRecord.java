package dev.stepstile.step;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
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

    /** The record of a step that was never claimed, as it stands in its manifest. */
    static StepRecord unclaimed(StepSpec spec, Instant createdAt, StepState state) {
        return new StepRecord(
                spec.id(), spec.shard(), spec.settings(), 0, "", 0, 0, createdAt, null, 0, List.of(), state);
    }

    /** The next attempt, which is now the fence. Its log has no pages yet. */
    StepRecord withNextAttempt(String claimOwner, Instant now) {
        return with(fields -> {
            fields.attempt = attempt + 1;
            fields.owner = claimOwner;
            fields.startedAt = now;
            fields.pages = 0;
        });
    }

    StepRecord withState(StepState next) {
        return with(fields -> fields.state = next);
    }

    StepRecord withPages(int written) {
        return with(fields -> fields.pages = written);
    }

    StepRecord withSettings(StepSettings changed) {
        return with(fields -> fields.settings = changed);
    }

    StepRecord withBudgetFrom(int lastUncounted) {
        return with(fields -> fields.budgetFrom = lastUncounted);
    }

    StepRecord withCancelSeq(long answered) {
        return with(fields -> fields.cancelSeq = answered);
    }

    StepRecord withRedrivenBy(@Nullable String call) {
        return with(fields -> fields.redrivenBy = call);
    }

    /** With a note on the newest attempt, which ended at {@code now}. */
    StepRecord withNote(StepError.Kind cause, String message, Instant now) {
        List<FailedAttempt> notes = new ArrayList<>(history);
        notes.add(new FailedAttempt(attempt, startedAt == null ? now : startedAt, now, cause, message));
        return with(fields -> fields.history = notes);
    }

    private StepRecord with(Consumer<Fields> change) {
        Fields fields = new Fields(this);
        change.accept(fields);
        return new StepRecord(
                id,
                shard,
                fields.settings,
                fields.attempt,
                fields.owner,
                fields.budgetFrom,
                fields.cancelSeq,
                createdAt,
                fields.startedAt,
                fields.pages,
                fields.history,
                fields.state,
                fields.redrivenBy);
    }

    /** What events change. */
    private static final class Fields {
        private StepSettings settings;
        private int attempt;
        private String owner;
        private int budgetFrom;
        private long cancelSeq;
        private @Nullable Instant startedAt;
        private int pages;
        private List<FailedAttempt> history;
        private StepState state;
        private @Nullable String redrivenBy;

        Fields(StepRecord of) {
            settings = of.settings;
            attempt = of.attempt;
            owner = of.owner;
            budgetFrom = of.budgetFrom;
            cancelSeq = of.cancelSeq;
            startedAt = of.startedAt;
            pages = of.pages;
            history = of.history;
            state = of.state;
            redrivenBy = of.redrivenBy;
        }
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

    /** When it was last written, as far as the record shows: heartbeats and rewrites for retention leave no trace. */
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
