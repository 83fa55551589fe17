package dev.stepstile.protocol;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Expect;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Retention;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.store.StepStore;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes anew what a dispatch needs, unchanged, so that it is kept for as long as the dispatch ({@link Retention}). */
final class Refreshing {
    private static final Logger LOG = LoggerFactory.getLogger(Refreshing.class);
    private static final int WRITES_AT_ONCE = 16;

    private final StepStore store;
    private final Payloads payloads;
    private final Manifests manifests;
    private final World world;

    Refreshing(StepStore store, Payloads payloads, World world) {
        this.store = store;
        this.payloads = payloads;
        this.manifests = new Manifests(store, payloads, world.tasks());
        this.world = world;
    }

    boolean isDue(Dispatch dispatch) {
        return dispatch.refreshedAt().plus(Retention.REFRESH_AFTER).isBefore(world.now());
    }

    /** Writes anew a dispatch's manifest, inputs, tags and records. Made again after a failure, it begins anew. */
    void refresh(Dispatch dispatch, List<StepSpec> steps) throws InterruptedException {
        List<StepRecord> records = List.copyOf(manifests.records(steps).values());
        Set<Payload> needed = new LinkedHashSet<>();
        needed.add(dispatch.manifest());
        for (StepSpec step : steps) {
            needed.add(step.input());
            needed.addAll(step.sharedInputs().values());
            Payload tags = step.commonTags();
            if (tags != null) {
                needed.add(tags);
            }
        }
        refresh(records, needed);
        LOG.info(
                "Dispatch {}/{}: {} records and {} payloads are kept longer, as it is still open.",
                dispatch.runId(),
                dispatch.dispatchId(),
                records.size(),
                needed.size());
    }

    private void refresh(List<StepRecord> records, Set<Payload> more) throws InterruptedException {
        Set<Payload> needed = new LinkedHashSet<>(more);
        for (StepRecord record : records) {
            Payload input = record.pinned().input();
            if (input != null) {
                needed.add(input);
            }
            if (record.state() instanceof StepState.Succeeded succeeded) {
                needed.add(succeeded.result());
            }
        }
        needed.removeIf(Payload.Inline.class::isInstance);
        if (!needed.isEmpty()) { // first: a record never outlives its payload
            Parallel.map(world.tasks(), WRITES_AT_ONCE, "refresh payloads", new ArrayList<>(needed), payloads::refresh);
        }
        if (!records.isEmpty()) { // a refusal means that it was just written
            Parallel.map(
                    world.tasks(),
                    WRITES_AT_ONCE,
                    "refresh records",
                    records,
                    record -> store.write(record, Expect.asRead(record)));
        }
    }
}
