package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A step that lost a worker before works alone in its process: it takes no other step's attempt with it. */
final class RunsAlone implements Check {
    private final Audit audit;
    private final Map<SimulatedProcess, Set<RunningHandler>> busy = new HashMap<>();
    private final Set<RunningHandler> suspects = new HashSet<>();

    RunsAlone(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void workBegun(StepLedger step, RunningHandler work) {
        Set<RunningHandler> others = busy.computeIfAbsent(work.by, process -> new HashSet<>());
        boolean suspect = step.last != null && lostBefore(step.last, work.attempt);
        if (suspect && !others.isEmpty()) {
            audit.violated(work.id, "it lost a worker before, and works beside " + ids(others));
        }
        for (RunningHandler other : others) {
            if (suspects.contains(other)) {
                audit.violated(work.id, "it works beside " + other.id + ", which lost a worker before");
            }
        }
        others.add(work);
        if (suspect) {
            suspects.add(work);
        }
        busy.keySet().removeIf(process -> !process.alive());
    }

    @Override
    public void workEnded(StepLedger step, RunningHandler work, @Nullable String result) {
        suspects.remove(work);
        busy.computeIfPresent(work.by, (process, all) -> {
            all.remove(work);
            return all.isEmpty() ? null : all;
        });
    }

    /** Whether an attempt before this one, of its budget, lost its worker. */
    private static boolean lostBefore(StepRecord record, int attempt) {
        return record.attempt() == attempt
                && record.history().stream()
                        .anyMatch(note -> note.attempt() < attempt
                                && note.attempt() > record.attempts().budgetFrom()
                                && note.cause() == StepError.Kind.WORKER_LOST);
    }

    private static String ids(Set<RunningHandler> all) {
        return all.stream()
                .map(work -> work.id)
                .map(StepId::toString)
                .sorted()
                .toList()
                .toString();
    }
}
