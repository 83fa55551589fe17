package dev.stepstile.simulation;

import dev.stepstile.step.StepRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the auditor has seen of one step. */
final class StepLedger {
    /** The record as last written; null before the first write. */
    @Nullable
    StepRecord last;

    /** When that was. */
    Instant writtenAt = Instant.MIN;

    /** The highest attempt that was ever claimed. */
    int fence;

    /** How many results were recorded. */
    int results;

    /** How many messages for it are in the queue. */
    int messages;

    /** Who works at it, and for which attempt; null if nobody does. */
    @Nullable
    SimulatedProcess worker;

    int workingAt;

    /** The attempts that began to work. */
    List<Integer> began = List.of();

    /** The attempts at which it was DEAD. */
    List<Integer> deadAt = List.of();

    /** The attempts that letters name: all that were ever sent, and those in the dead-letter queue. */
    List<Integer> lettersSent = List.of();

    List<Integer> letters = List.of();

    void begins(int attempt, SimulatedProcess by) {
        began = with(began, attempt);
        worker = by;
        workingAt = attempt;
    }

    void ends(SimulatedProcess by) {
        if (worker == by) {
            worker = null;
        }
    }

    void died(int attempt) {
        deadAt = with(deadAt, attempt);
    }

    void buried(int attempt) {
        lettersSent = with(lettersSent, attempt);
        letters = with(letters, attempt);
    }

    void takenOut(int attempt) {
        List<Integer> left = new ArrayList<>(letters);
        left.remove(Integer.valueOf(attempt));
        letters = left;
    }

    private static List<Integer> with(List<Integer> list, int more) {
        List<Integer> longer = new ArrayList<>(list.size() + 1);
        longer.addAll(list);
        longer.add(more);
        return longer;
    }
}
