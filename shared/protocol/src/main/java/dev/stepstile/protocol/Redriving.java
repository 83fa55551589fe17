package dev.stepstile.protocol;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.store.StepQueue;
import dev.stepstile.store.StepStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries ended steps again with a fresh budget. The dispatch is reopened first, then the records, then the messages: a
 * crash in between leaves steps that the sweeper sends.
 */
public final class Redriving {
    private static final Logger LOG = LoggerFactory.getLogger(Redriving.class);
    private static final int WRITES_AT_ONCE = 16;

    private final StepStore store;
    private final Manifests manifests;
    private final Sending sending;
    private final Recorder recorder;
    private final Reopening reopening;
    private final World world;

    public Redriving(
            StepStore store, StepQueue queue, Payloads payloads, Recorder recorder, Timing timing, World world) {
        this.store = store;
        this.manifests = new Manifests(store, payloads, world.tasks());
        this.sending = new Sending(queue);
        this.recorder = recorder;
        this.reopening = new Reopening(store, timing, world);
        this.world = world;
    }

    /**
     * Redrives a run's steps that are in one of {@code states} and, unless {@code keys} is empty, have one of these
     * keys. Called twice, the second finds nothing left to redrive.
     *
     * @param deadline of the calling function
     * @return how many steps will run again
     */
    public int redrive(Run run, Set<StepState.Name> states, Set<String> keys, Instant deadline)
            throws InterruptedException {
        int redriven = 0;
        for (Dispatch dispatch : store.dispatches(run.runId())) {
            try {
                redriven += redrive(run, dispatch, states, keys, deadline);
            } catch (Payloads.Missing missing) {
                LOG.error(
                        "Dispatch {}/{}: not redriven, {}.", run.runId(), dispatch.dispatchId(), missing.getMessage());
            }
        }
        return redriven;
    }

    private int redrive(Run run, Dispatch dispatch, Set<StepState.Name> states, Set<String> keys, Instant deadline)
            throws InterruptedException, Payloads.Missing {
        List<StepSpec> asked = manifests.steps(dispatch).stream()
                .filter(spec -> keys.isEmpty() || keys.contains(spec.id().stepKey()))
                .toList();
        Map<String, StepRecord> records = manifests.records(asked);
        List<StepSpec> ended = asked.stream()
                .filter(spec -> {
                    StepRecord record = records.get(spec.id().stepKey());
                    return record != null
                            && states.contains(record.state().name())
                            && record.pinned().dispatchId().equals(dispatch.dispatchId());
                })
                .toList();
        if (ended.isEmpty()) {
            return 0;
        }
        reopening.reopen(dispatch, deadline);
        List<Boolean> wrote = Parallel.map(world.tasks(), WRITES_AT_ONCE, "redrive", ended, spec -> {
            StepEvent.Redrive event = new StepEvent.Redrive(run.cancelSeq(), null);
            return recorder.apply(spec.id(), records.get(spec.id().stepKey()), event)
                    instanceof Recorder.Recorded.Wrote;
        });
        List<StepSpec> toSend = new ArrayList<>();
        for (int i = 0; i < ended.size(); i++) {
            if (wrote.get(i)) {
                toSend.add(ended.get(i));
            }
        }
        sending.send(toSend);
        return toSend.size();
    }

    /**
     * A dead letter came back into the queue by AWS's own redrive: acts as a redrive if its step is DEAD at the attempt
     * that the letter names.
     *
     * @return whether the step's message may go on to a claim
     */
    boolean movedBack(StepSpec spec, int attempt, Instant deadline) {
        Optional<StepRecord> record = store.record(spec.id(), spec.shard());
        if (record.isEmpty()
                || record.get().attempt() != attempt
                || !(record.get().state() instanceof StepState.Dead)) {
            LOG.info(
                    "Step {}: a dead letter of attempt {} came back; the step is not dead there any more.",
                    spec.id(),
                    attempt);
            return record.isPresent() && !(record.get().state() instanceof StepState.Ended);
        }
        Optional<Dispatch> dispatch =
                store.dispatch(spec.id().runId(), record.get().pinned().dispatchId());
        Optional<Run> run = store.run(spec.id().runId());
        if (dispatch.isEmpty() || run.isEmpty()) {
            LOG.error("Step {}: its dispatch was deleted by age; it cannot be redriven. Dispatch it anew.", spec.id());
            return false;
        }
        reopening.reopen(dispatch.get(), deadline);
        recorder.apply(spec.id(), record.get(), new StepEvent.Redrive(run.get().cancelSeq(), attempt));
        return true;
    }
}
