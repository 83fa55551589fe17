package dev.stepstile.usecase;

import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepSpec;
import dev.stepstile.usecase.RunQueries.Step;
import dev.stepstile.usecase.RunQueries.StepsCursor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the steps of a run that a filter selects, in the order of their dispatch, and reads the records of those alone that
 * it may select.
 */
final class StepSearch {
    /** How long a listing or a count reads before it answers with what it has and a cursor. */
    static final Duration ANSWER_WITHIN = Duration.ofSeconds(1);

    private final StepStore store;
    private final Payloads payloads;
    private final ManifestReader manifests;
    private final EngineRuntime runtime;

    StepSearch(StepStore store, Payloads payloads, ManifestReader manifests, EngineRuntime runtime) {
        this.store = store;
        this.payloads = payloads;
        this.manifests = manifests;
        this.runtime = runtime;
    }

    /** What a search has found. */
    interface Page {
        /** How many more steps it takes; 0: it is full. */
        int room();

        /** Adds a step; false if it does not fit, and the page ends before it. */
        boolean add(Step step);
    }

    /** One search: what it selects, into which page, and when it began. */
    private record Call(StepFilter filter, StepSelection selection, Page page, Instant began) {}

    /** @return where it goes on; null if it has seen all */
    @Nullable
    StepsCursor search(String runId, StepFilter filter, @Nullable StepsCursor from, Page page)
            throws InterruptedException {
        Call call = new Call(filter, new StepSelection(filter, payloads), page, runtime.now());
        boolean isFirst = true;
        for (Dispatch dispatch : StepsCursor.inOrder(store.dispatches(runId), from)) {
            int place = StepsCursor.first(from, dispatch);
            if (!isFirst && isLate(call)) {
                return StepsCursor.at(dispatch, place);
            }
            isFirst = false;
            BitSet excluded = call.selection().excluded(dispatch);
            if (excluded.cardinality() < dispatch.accepted().stepCount()) {
                int end = search(call, dispatch, place, excluded);
                if (end >= 0) {
                    return StepsCursor.at(dispatch, end);
                }
            }
        }
        return null;
    }

    private boolean isLate(Call call) {
        return !runtime.now().isBefore(call.began().plus(ANSWER_WITHIN));
    }

    /** @return the place in the dispatch's manifest at which the page ends; -1 if it does not */
    private int search(Call call, Dispatch dispatch, int first, BitSet excluded) throws InterruptedException {
        List<StepSpec> all;
        try {
            all = manifests.steps(dispatch);
        } catch (Payloads.Missing missing) {
            return -1;
        }
        int place = first;
        while (place < all.size()) {
            if (call.page().room() == 0 || (place > first && isLate(call))) {
                return place;
            }
            int most = call.filter().readsRecords()
                    ? Limits.PAGE
                    : Math.min(Limits.PAGE, call.page().room());
            List<StepSpec> candidates = new ArrayList<>();
            while (place < all.size() && candidates.size() < most) {
                StepSpec spec = all.get(place);
                if (!excluded.get(place) && call.selection().isCandidate(spec)) {
                    candidates.add(spec);
                }
                place++;
            }
            int end = add(call, dispatch, candidates);
            if (end >= 0) {
                return end;
            }
        }
        return -1;
    }

    private int add(Call call, Dispatch dispatch, List<StepSpec> candidates) throws InterruptedException {
        Records records = manifests.records(candidates);
        for (StepSpec spec : candidates) {
            Step step = Step.of(dispatch, spec, records);
            if (call.selection().selects(dispatch, step)
                    && (call.page().room() == 0 || !call.page().add(step))) {
                return spec.settings().index();
            }
        }
        return -1;
    }
}
