package dev.stepstile.simulation.audit;

import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which state may follow which, and what no write may change. */
final class StateChanges implements Check {
    private static final Map<StepState.Name, Set<StepState.Name>> MAY_FOLLOW = mayFollow();

    private final Audit audit;

    StateChanges(Audit audit) {
        this.audit = audit;
    }

    private static Map<StepState.Name, Set<StepState.Name>> mayFollow() {
        Map<StepState.Name, Set<StepState.Name>> map = new EnumMap<>(StepState.Name.class);
        map.put(
                StepState.Name.QUEUED,
                EnumSet.of(
                        StepState.Name.RUNNING,
                        StepState.Name.CANCELLED,
                        StepState.Name.DEAD,
                        StepState.Name.FAILED)); // at its deadline
        Set<StepState.Name> afterRunning = EnumSet.allOf(StepState.Name.class);
        afterRunning.remove(StepState.Name.QUEUED);
        map.put(StepState.Name.RUNNING, afterRunning);
        map.put(
                StepState.Name.RETRYING,
                EnumSet.of(
                        StepState.Name.RUNNING,
                        StepState.Name.CANCELLED,
                        StepState.Name.DEAD,
                        StepState.Name.FAILED)); // at its deadline
        map.put(StepState.Name.SUCCEEDED, EnumSet.noneOf(StepState.Name.class));
        map.put(StepState.Name.FAILED, EnumSet.of(StepState.Name.RETRYING));
        map.put(StepState.Name.DEAD, EnumSet.of(StepState.Name.RETRYING, StepState.Name.DEAD));
        map.put(StepState.Name.CANCELLED, EnumSet.of(StepState.Name.RETRYING));
        return map;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        StepState.Name was =
                before == null ? StepState.Name.QUEUED : before.state().name();
        if (!MAY_FOLLOW.getOrDefault(was, Set.of()).contains(after.state().name())) {
            audit.violated(after.id(), Auditor.shown(before) + " was followed by " + Auditor.shown(after));
        }
        if (before == null) {
            return;
        }
        boolean redriven = before.state() instanceof StepState.Ended && after.state() instanceof StepState.Retrying;
        boolean moved = !before.settings().dispatchId().equals(after.settings().dispatchId())
                || before.settings().index() != after.settings().index();
        if (moved || (!redriven && !before.settings().equals(after.settings()))) {
            audit.violated(after.id(), "what its first claim pinned was changed");
        }
        if (!before.createdAt().equals(after.createdAt())) {
            audit.violated(after.id(), "when it was created was changed");
        }
    }
}
