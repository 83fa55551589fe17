package dev.stepstile.step;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The attempts of a step, and how many more it may have.
 *
 * @param budgetFrom the attempt after which the present budget of attempts began
 * @param history the last {@link #MAX_HISTORY} attempts that did not succeed, oldest first
 */
public record Attempts(Newest newest, int budgetFrom, List<FailedAttempt> history) {
    public static final int MAX_HISTORY = 10;

    /** Of a step that was never claimed. */
    static final Attempts NONE = new Attempts(new Newest(0, "", null, 0), 0, List.of());

    /**
     * The newest attempt.
     *
     * @param number the fence; 0 before the first claim
     * @param owner the token of the claim; stays after the attempt's end, empty before the first claim
     * @param startedAt when it was claimed
     * @param pages how many log pages it wrote, known once it ended
     */
    public record Newest(int number, String owner, @Nullable Instant startedAt, int pages) {}

    public Attempts {
        history = List.copyOf(
                history.size() > MAX_HISTORY ? history.subList(history.size() - MAX_HISTORY, history.size()) : history);
    }

    /** With one more, whose log has no pages yet. */
    Attempts withNext(String owner, Instant now) {
        return new Attempts(new Newest(newest.number + 1, owner, now, 0), budgetFrom, history);
    }

    Attempts withPages(int written) {
        return new Attempts(new Newest(newest.number, newest.owner, newest.startedAt, written), budgetFrom, history);
    }

    /** With a note on the newest, which ended at {@code now}. */
    Attempts withNote(StepError.Kind cause, String message, Instant now) {
        List<FailedAttempt> notes = new ArrayList<>(history);
        Instant startedAt = newest.startedAt == null ? now : newest.startedAt;
        notes.add(new FailedAttempt(newest.number, startedAt, now, cause, message));
        return new Attempts(newest, budgetFrom, notes);
    }

    /** The fence never goes back: an attempt that is not counted moves the start of the budget forward instead. */
    Attempts withOneNotCounted() {
        return new Attempts(newest, budgetFrom + 1, history);
    }

    Attempts withFreshBudget() {
        return new Attempts(newest, newest.number, history);
    }

    /** Whether one more attempt may follow the newest one. */
    boolean budgetLeft(RetryPolicy retry) {
        return newest.number - budgetFrom < retry.maxAttempts();
    }

    /** Whether a worker was lost in the present budget. */
    boolean lostWorker() {
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

    /** Whether these are the same attempts, whatever is noted of them. */
    boolean sameAs(Attempts other) {
        return newest.number == other.newest.number
                && newest.owner.equals(other.newest.owner)
                && budgetFrom == other.budgetFrom;
    }
}
