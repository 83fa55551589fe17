package dev.stepstile.simulation;

import dev.stepstile.step.StepRecord;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the auditor has seen of one step. */
final class StepLedger {
    /** The record as last written; null before the first write. */
    @Nullable
    StepRecord last;

    /** The highest attempt that was ever claimed. */
    int fence;

    /** How many results were recorded. */
    int results;

    /** How many messages for it are in the queue. */
    int messages;

    /** The attempts at which it was DEAD, and those that letters name which are in the dead-letter queue. */
    List<Integer> deadAt = List.of();

    List<Integer> letters = List.of();

    void died(int attempt) {
        deadAt = with(deadAt, attempt);
    }

    void buried(int attempt) {
        letters = with(letters, attempt);
    }

    void takenOut(int attempt) {
        List<Integer> left = new ArrayList<>(letters);
        left.remove(Integer.valueOf(attempt));
        letters = left;
    }

    private static List<Integer> with(List<Integer> list, int more) {
        List<Integer> longer = new ArrayList<>(list);
        longer.add(more);
        return longer;
    }
}
