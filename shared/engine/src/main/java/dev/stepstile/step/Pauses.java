package dev.stepstile.step;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;

/** The pauses of a stack as they were read: those that last, and those that ended of late. */
public record Pauses(List<Pause> all) {
    public static final Pauses NONE = new Pauses(List.of());

    public Pauses {
        all = List.copyOf(all);
    }

    public List<Pause> lasting() {
        return all.stream().filter(Pause::lasts).toList();
    }

    /** Whether the step is not to begin. */
    public boolean cover(StepSpec step) {
        return cover(step.id().runId(), step.settings().handler());
    }

    /** Whether no step of the run that this handler is to run is to begin. */
    public boolean cover(String runId, String handler) {
        return lasts(scope -> scope.covers(runId, handler));
    }

    /** Whether no step of the run is to begin, whatever its handler. */
    public boolean coverRun(String runId) {
        return lasts(scope -> !(scope instanceof PauseScope.OfHandler) && scope.mayCover(runId));
    }

    /** Whether no step of any run is to begin. */
    public boolean coverEverything() {
        return lasts(scope -> scope instanceof PauseScope.Everything);
    }

    /** The runs that are paused by their ids, whether there are such runs or not. */
    public SortedSet<String> runs() {
        SortedSet<String> runs = new TreeSet<>();
        for (Pause pause : lasting()) {
            if (pause.scope() instanceof PauseScope.OfRun(String runId)) {
                runs.add(runId);
            }
        }
        return runs;
    }

    private boolean lasts(Predicate<PauseScope> covers) {
        return all.stream().anyMatch(pause -> pause.lasts() && covers.test(pause.scope()));
    }

    /** When the last pause ended that covered the step. */
    public Optional<Instant> resumedAt(StepSpec step) {
        return lastEnd(scope -> scope.covers(step.id().runId(), step.settings().handler()));
    }

    /** When the last pause ended that can have covered a step of the run. */
    public Optional<Instant> resumedAt(String runId) {
        return lastEnd(scope -> scope.mayCover(runId));
    }

    private Optional<Instant> lastEnd(Predicate<PauseScope> covered) {
        return all.stream()
                .filter(pause -> covered.test(pause.scope()))
                .flatMap(pause -> Optional.ofNullable(pause.resumedAt()).stream())
                .max(Comparator.naturalOrder());
    }
}
