package dev.stepstile.usecase;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the steps that a call is to change, page by page, or says which they are. What a sweep has seen to have ended is not
 * read where no such step can be one, so a call that is repeated because its time was over gets further. A step that two
 * dispatches name is found once.
 */
public final class SelectedSteps {
    private static final Logger LOG = LoggerFactory.getLogger(SelectedSteps.class);
    private static final int EXAMPLES = 10;

    private final EngineParts parts;
    private final ManifestReader manifests;

    SelectedSteps(EngineParts parts) {
        this.parts = parts;
        this.manifests = new ManifestReader(
                parts.store(), parts.payloads(), parts.runtime().tasks());
    }

    /**
     * Which steps of a run.
     *
     * @param keys one of these; empty: any
     */
    public record Chosen(String runId, StepFilter filter, Set<String> keys) {}

    /**
     * What a call would do.
     *
     * @param counts the steps by their states now
     * @param examples keys of some
     * @param unknown which of the keys no step of the run has, the first hundred; none if a manifest is gone
     * @param complete whether all were looked at in time
     */
    public record Preview(
            SortedMap<StepState.Name, Integer> counts, List<String> examples, List<String> unknown, boolean complete) {}

    /** Reads, and changes nothing. */
    public Preview preview(Chosen chosen, Instant until) throws InterruptedException {
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        List<String> examples = new ArrayList<>();
        Found found = each(chosen, until, page -> {
            for (RunQueries.Step step : page) {
                counts.merge(step.state(), 1, Integer::sum);
                if (examples.size() < EXAMPLES) {
                    examples.add(step.spec().id().stepKey());
                }
            }
            return true;
        });
        return new Preview(counts, examples, found.unknown(), found.complete());
    }

    /** What is done with some of the steps; false if not all of it could be done. */
    interface Visit {
        boolean of(List<RunQueries.Step> page) throws InterruptedException;
    }

    /**
     * How far it came.
     *
     * @param unknown which of the keys no step of the run has, the first hundred; none if a manifest is gone
     * @param complete whether all steps were looked at, and all was done
     */
    record Found(List<String> unknown, boolean complete) {}

    Found each(Chosen chosen, Instant until, Visit visit) throws InterruptedException {
        Set<String> unknown = new TreeSet<>(chosen.keys());
        Set<String> seen = new LinkedHashSet<>();
        StepSelection selection = new StepSelection(chosen.filter(), parts.payloads());
        boolean allKnown = true;
        boolean complete = true;
        for (Dispatch dispatch : parts.store().dispatches(chosen.runId())) {
            BitSet excluded = selection.excluded(dispatch);
            if (chosen.keys().isEmpty()
                    && excluded.cardinality() >= dispatch.accepted().stepCount()) {
                continue;
            }
            try {
                List<StepSpec> named = manifests.steps(dispatch).stream()
                        .filter(spec -> chosen.keys().isEmpty()
                                || chosen.keys().contains(spec.id().stepKey()))
                        .toList();
                named.forEach(spec -> unknown.remove(spec.id().stepKey()));
                List<StepSpec> candidates = named.stream()
                        .filter(spec -> !excluded.get(spec.settings().index()) && selection.isCandidate(spec))
                        .toList();
                complete &= pages(
                        dispatch,
                        candidates,
                        until,
                        page -> visit.of(page.stream()
                                .filter(step -> selection.selects(dispatch, step))
                                .filter(step -> seen.add(step.spec().id().stepKey()))
                                .toList()));
            } catch (Payloads.Missing missing) {
                allKnown = false;
                LOG.error("Dispatch {}/{}: left out, {}.", chosen.runId(), dispatch.dispatchId(), missing.getMessage());
            }
        }
        return new Found(allKnown ? unknown.stream().limit(Limits.LOOKUP_KEYS).toList() : List.of(), complete);
    }

    private boolean pages(Dispatch dispatch, List<StepSpec> steps, Instant until, Visit visit)
            throws InterruptedException {
        boolean done = true;
        for (int from = 0; from < steps.size(); from += Limits.PAGE) {
            if (!parts.runtime().now().isBefore(until)) {
                return false;
            }
            List<StepSpec> page = steps.subList(from, Math.min(steps.size(), from + Limits.PAGE));
            Records records = manifests.records(page);
            records.logDamaged(LOG, dispatch.runId(), "they are left out; call again once they are repaired.");
            done &= visit.of(page.stream()
                    .map(spec -> RunQueries.Step.of(dispatch, spec, records))
                    .toList());
        }
        return done;
    }
}
