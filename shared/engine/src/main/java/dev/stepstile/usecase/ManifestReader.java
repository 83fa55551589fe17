package dev.stepstile.usecase;

import dev.stepstile.codec.Json;
import dev.stepstile.codec.ManifestCodec;
import dev.stepstile.port.DamagedData;
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
        String json = payloads.get(dispatch.accepted().manifest());
        try {
            return ManifestCodec.read(json);
        } catch (Json.BadJson e) { // its digest is right: a newer version wrote it
            throw new DamagedData(
                    "The manifest of dispatch " + dispatch.dispatchId() + " cannot be read (" + e.getMessage()
                            + "); deploy the version that wrote it.",
                    e);
        }
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
