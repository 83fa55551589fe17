package dev.stepstile.protocol;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.store.StepStore;
import dev.stepstile.store.StepStore.StepRef;
import dev.stepstile.wire.StepMessages;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What must happen beside what has happened: the manifest of a dispatch with the records of its steps. */
final class Manifests {
    private static final int READS_AT_ONCE = 8;

    private final StepStore store;
    private final Payloads payloads;
    private final Tasks tasks;

    Manifests(StepStore store, Payloads payloads, Tasks tasks) {
        this.store = store;
        this.payloads = payloads;
        this.tasks = tasks;
    }

    /** The steps of a dispatch, in its order. */
    List<StepSpec> steps(Dispatch dispatch) throws Payloads.Missing {
        return StepMessages.manifest(payloads.get(dispatch.manifest()));
    }

    /** The records of these steps that exist, by step key. */
    Map<String, StepRecord> records(List<StepSpec> steps) throws InterruptedException {
        List<List<StepRef>> chunks = new ArrayList<>();
        for (int from = 0; from < steps.size(); from += Limits.LOOKUP_KEYS) {
            chunks.add(steps.subList(from, Math.min(steps.size(), from + Limits.LOOKUP_KEYS)).stream()
                    .map(spec -> new StepRef(spec.id(), spec.shard()))
                    .toList());
        }
        Map<String, StepRecord> found = new LinkedHashMap<>();
        for (List<StepRecord> records : Parallel.map(tasks, READS_AT_ONCE, "read records", chunks, store::records)) {
            records.forEach(record -> found.put(record.id().stepKey(), record));
        }
        return found;
    }
}
