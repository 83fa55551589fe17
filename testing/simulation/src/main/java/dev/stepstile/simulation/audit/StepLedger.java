package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.StepRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the auditor has seen of one step. Times are virtual milliseconds unless they are instants. */
public final class StepLedger {
    static final long NEVER = Long.MIN_VALUE;

    /** The record as last written; null before the first write. */
    @Nullable
    public StepRecord last;

    /** When that was. */
    public Instant writtenAt = Instant.MIN;

    /** The highest attempt that was ever claimed. */
    int fence;

    /** The attempt after which the present budget began. */
    int budgetFrom;

    /** Its record was deleted by age. */
    boolean expired;

    /** How many results were recorded. */
    int results;

    /** How many messages for it are in the queue. */
    int messages;

    /** How many were ever sent, and when the last one was. */
    int sends;

    long sentAt = NEVER;

    /** Which process sent it; null if none did. */
    @Nullable
    SimulatedProcess sentBy;

    /** For which dispatch. */
    String sentFor = "";

    /** Which process claimed the newest attempt; null before the first claim. */
    @Nullable
    SimulatedProcess holder;

    /** When it was last redriven. */
    long redrivenAt = NEVER;

    /** Which process redrove it last; null if none did. */
    @Nullable
    SimulatedProcess redriver;

    /** When it was asked to stop while it runs. */
    long flaggedAt = NEVER;

    /** Who flagged it. */
    @Nullable
    SimulatedProcess flaggedBy;

    /** When user code last ended at its newest attempt. */
    long workEndedAt = NEVER;

    /** When it last ended, and when it last died without a dead letter so far. */
    public long endedAt = NEVER;

    /** Since when nothing is left to wake it by, though it should run. */
    long strandedSince = NEVER;

    /** User code that works at it now: more than one if an older attempt does not know yet that it lost its lease. */
    List<RunningHandler> working = List.of();

    /** The attempts that began to work. */
    List<Integer> began = List.of();

    /** What the handler of the newest attempt that returned a result returned; null if none did. */
    @Nullable
    String returned;

    /** How many lines that attempt had logged. */
    int lines;

    /** In how many milliseconds the last handler to fail asked to be tried again; 0 if it did not. */
    long retryAfterMillis;

    /** The tokens of its owners so far. */
    List<String> owners = List.of();

    /** The attempts at which it was DEAD. */
    List<Integer> deadAt = List.of();

    /** The attempts that letters name: all that were ever sent, and those in the dead-letter queue. */
    List<Integer> deadLettersSent = List.of();

    List<Integer> deadLetters = List.of();

    void begins(RunningHandler work) {
        began = with(began, work.attempt);
        working = with(working, work);
    }

    void ends(RunningHandler work, @Nullable String result) {
        working = without(working, work);
        retryAfterMillis = work.retryAfterMillis;
        if (result != null && work.attempt == fence) {
            returned = result;
            lines = work.lines;
        }
    }

    /** Who works at this attempt; null if nobody does. */
    @Nullable
    SimulatedProcess worker(int attempt) {
        for (RunningHandler work : working) {
            if (work.attempt == attempt) {
                return work.by;
            }
        }
        return null;
    }

    void died(int attempt) {
        deadAt = with(deadAt, attempt);
    }

    void deadLettered(int attempt) {
        deadLettersSent = with(deadLettersSent, attempt);
        deadLetters = with(deadLetters, attempt);
    }

    void takenOut(int attempt) {
        deadLetters = without(deadLetters, attempt);
    }

    static <T> List<T> with(List<T> list, T more) {
        List<T> longer = new ArrayList<>(list.size() + 1);
        longer.addAll(list);
        longer.add(more);
        return longer;
    }

    private static <T> List<T> without(List<T> list, T one) {
        List<T> left = new ArrayList<>(list);
        left.remove((Object) one);
        return left;
    }

    /** Whether whoever flagged it has met no fault since: else its worker may not be asked before the next sweep. */
    boolean flaggedUndisturbed() {
        return flaggedBy == null || flaggedBy.disturbedAt() < flaggedAt;
    }
}
