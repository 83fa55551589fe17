package dev.stepstile.usecase;

import dev.stepstile.codec.ManifestCodec;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepSpec;
import java.util.ArrayList;
import java.util.List;

/** What must happen beside what has happened: the manifest of a dispatch with the records of its steps. */
final class ManifestReader {
    private static final int READS_AT_ONCE = 8;

    private final StepStore store;
    private final Payloads payloads;
    private final Tasks tasks;

    ManifestReader(StepStore store, Payloads payloads, Tasks tasks) {
        this.store = store;
        this.payloads = payloads;
        this.tasks = tasks;
    }

    /** The steps of a dispatch, in its order. */
    List<StepSpec> steps(Dispatch dispatch) throws Payloads.Missing {
        return ManifestCodec.read(payloads.get(dispatch.accepted().manifest()));
    }

    /** The records of these steps that exist, and which of them are damaged. */
    Records records(List<StepSpec> steps) throws InterruptedException {
        List<List<StepRef>> chunks = new ArrayList<>();
        for (int from = 0; from < steps.size(); from += Limits.LOOKUP_KEYS) {
            chunks.add(steps.subList(from, Math.min(steps.size(), from + Limits.LOOKUP_KEYS)).stream()
                    .map(spec -> new StepRef(spec.id(), spec.shard()))
                    .toList());
        }
        Records all = Records.none();
        ParallelCalls.map(tasks, READS_AT_ONCE, "read records", chunks, chunk -> Records.read(store, chunk))
                .forEach(all::add);
        return all;
    }
}
