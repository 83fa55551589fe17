package dev.stepstile.usecase;

import dev.stepstile.step.Attempts;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What holds of everything that is stored, at any moment. Pure. */
public final class AuditRules {
    /** Failures of which only the last attempt of a budget dies. */
    private static final Set<StepError.Kind> RETRIED = Collections.unmodifiableSet(
            EnumSet.of(StepError.Kind.HANDLER_FAILED, StepError.Kind.TIMEOUT, StepError.Kind.WORKER_LOST));

    private static final Set<StepState.Name> ENDS = Collections.unmodifiableSet(
            EnumSet.of(StepState.Name.SUCCEEDED, StepState.Name.FAILED, StepState.Name.DEAD, StepState.Name.CANCELLED));

    private AuditRules() {}

    /** What no sequence of events leads to in the numbers of a record's attempts, each in a sentence. */
    public static List<String> ofAttempts(StepRecord record) {
        List<String> wrong = new ArrayList<>();
        Attempts attempts = record.attempts();
        int attempt = record.attempt();
        int counted = attempt - attempts.budgetFrom();
        if (attempt < 0 || attempts.budgetFrom() < 0 || counted < 0) {
            wrong.add("It is at attempt " + attempt + ", and its budget begins after attempt " + attempts.budgetFrom()
                    + ".");
        }
        if (counted > record.settings().retry().maxAttempts()) {
            wrong.add("Attempt " + attempt + " is number " + counted + " of "
                    + record.settings().retry().maxAttempts() + " in its budget.");
        }
        if ((attempt == 0) != record.owner().isEmpty()
                || (attempt == 0) != (attempts.newest().startedAt() == null)) {
            wrong.add("It is at attempt " + attempt + ", and "
                    + (record.owner().isEmpty() ? "nobody" : "somebody") + " has claimed it, "
                    + (attempts.newest().startedAt() == null ? "at no time." : "at a time."));
        }
        ofState(record, counted, wrong);
        String gap = gap(record);
        if (gap != null) {
            wrong.add(gap);
        }
        return wrong;
    }

    private static void ofState(StepRecord record, int counted, List<String> wrong) {
        boolean ranLast = record.state() instanceof StepState.Running || record.state() instanceof StepState.Succeeded;
        if (ranLast && counted <= 0) {
            wrong.add("It is " + record.state().name() + " at attempt " + record.attempt()
                    + ", after which its budget begins.");
        }
        if (record.state() instanceof StepState.Dead dead
                && RETRIED.contains(dead.error().kind())
                && record.budgetLeft()) {
            wrong.add("It is DEAD of " + dead.error().kind() + " after " + counted + " attempts of "
                    + record.settings().retry().maxAttempts() + ".");
        }
    }

    /** Each attempt that did not succeed has left a note, the last of which are kept; null if so. */
    private static @Nullable String gap(StepRecord record) {
        boolean noNoteOfLast =
                record.state() instanceof StepState.Running || record.state() instanceof StepState.Succeeded;
        int last = noNoteOfLast ? record.attempt() - 1 : record.attempt();
        int expected = last;
        for (FailedAttempt note : record.history().reversed()) {
            boolean redriven = note.cause() == StepError.Kind.REDRIVEN;
            if (note.attempt() != expected) {
                return "It is " + record.state().name() + " at attempt " + record.attempt()
                        + ", and its history has attempt " + note.attempt() + " where attempt " + expected
                        + " belongs.";
            }
            expected -= redriven ? 0 : 1;
        }
        boolean all = record.history().size() < Attempts.MAX_HISTORY;
        return all && expected > 0
                ? "It is at attempt " + record.attempt() + ", and its history does not tell how attempt " + expected
                        + " ended."
                : null;
    }

    /** Why a record cannot be the one of this step; null if it can. */
    public static @Nullable String ofPlace(StepSpec spec, StepRecord record) {
        if (!record.id().equals(spec.id()) || record.shard() != spec.shard()) {
            return "Its record is that of step " + record.id() + " in shard " + record.shard() + ", and was read as "
                    + spec.id() + " in shard " + spec.shard() + ".";
        }
        return isOf(spec, record)
                        && record.settings().index() != spec.settings().index()
                ? "Its record names place " + record.settings().index() + " of the manifest, in which it has place "
                        + spec.settings().index() + "."
                : null;
    }

    static boolean isOf(StepSpec spec, StepRecord record) {
        return record.settings().dispatchId().equals(spec.settings().dispatchId());
    }

    /** Why a dispatch that is closed, or counts the step as ended, cannot do so by this record; null if it can. */
    public static Violation.@Nullable Kind ofCounted(@Nullable StepRecord record) {
        if (record == null) {
            return Violation.Kind.RECORD_MISSING;
        }
        return switch (record.state()) {
            case StepState.Dead dead when dead.deadLetteredAt() == null -> Violation.Kind.DEAD_LETTER_UNMARKED;
            case StepState.Ended _ -> null;
            case StepState.Running _, StepState.Retrying _ -> Violation.Kind.STEP_OPEN;
        };
    }

    /** What a dispatch contradicts itself or its run in, each in a sentence. */
    public static List<String> ofDispatch(Dispatch dispatch, Run run) {
        List<String> wrong = new ArrayList<>();
        int steps = dispatch.accepted().stepCount();
        if (dispatch.accepted().shards() != run.shards()) {
            wrong.add("It has " + dispatch.accepted().shards() + " shards, and its run has " + run.shards() + ".");
        }
        BitSet finished = dispatch.progress().finished().toBitSet();
        Map<StepState.Name, Integer> counts = dispatch.progress().finishedCounts();
        int counted = sum(counts);
        if (finished.length() > steps) {
            wrong.add("It has " + steps + " steps, and place " + (finished.length() - 1) + " is counted as ended.");
        }
        if (!finished.isEmpty() && (counted != finished.cardinality() || !ENDS.containsAll(counts.keySet()))) {
            wrong.add("It counts " + finished.cardinality() + " places as ended, and has the counts " + counts + ".");
        }
        if (counted + sum(dispatch.progress().openCounts()) > steps) {
            wrong.add("It has " + steps + " steps, and counts " + dispatch.counts() + ".");
        }
        if (dispatch.closed() && !finished.isEmpty() && finished.cardinality() != steps) {
            wrong.add("It is closed, and counts " + finished.cardinality() + " of its " + steps + " steps as ended.");
        }
        return wrong;
    }

    private static int sum(Map<StepState.Name, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** What a manifest contradicts its dispatch in, each in a sentence. */
    public static List<String> ofManifest(Dispatch dispatch, List<StepSpec> steps) {
        List<String> wrong = new ArrayList<>();
        if (steps.size() != dispatch.accepted().stepCount()) {
            wrong.add("It has " + dispatch.accepted().stepCount() + " steps, and its manifest " + steps.size() + ".");
        }
        Set<String> keys = new TreeSet<>();
        for (int i = 0; i < steps.size(); i++) {
            StepSpec spec = steps.get(i);
            String key = spec.id().stepKey();
            if (!spec.id().runId().equals(dispatch.runId())
                    || !spec.settings().dispatchId().equals(dispatch.dispatchId())
                    || spec.settings().index() != i
                    || spec.shard() != Shards.of(key, dispatch.accepted().shards())
                    || !keys.add(key)) {
                wrong.add("Its manifest has at place " + i + " step " + spec.id() + " of dispatch "
                        + spec.settings().dispatchId() + ", place "
                        + spec.settings().index() + ", shard " + spec.shard() + ".");
                return wrong;
            }
        }
        return wrong;
    }
}
