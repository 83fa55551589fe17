package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Assignment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Recovers the steps of a worker that was revoked: ends the attempts that it ran, sends again whatever has not ended, and
 * then deletes its item. Whatever crashes in between, the item is still there, and all of it may be done twice.
 */
final class WorkerRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerRecovery.class);

    private static final int NAMED = 3;

    private final EngineParts parts;
    private final ManifestReader manifests;
    private final StepSender sender;

    WorkerRecovery(EngineParts parts) {
        this.parts = parts;
        this.manifests = new ManifestReader(
                parts.store(), parts.payloads(), parts.runtime().tasks());
        this.sender = new StepSender(parts.queue(), parts.runtime());
    }

    /**
     * What was done.
     *
     * @throws PortException if something was not done: a later look does all of it again
     */
    SweepReport recover(WorkerRecord worker) {
        Map<DispatchId, List<StepSpec>> manifestsOf = new LinkedHashMap<>();
        List<StepSpec> toSend = new ArrayList<>();
        SweepReport report = SweepReport.NOTHING;
        PortException failed = null;
        for (Assignment step : worker.steps()) {
            try {
                Recovered recovered = recover(worker, step, manifestsOf);
                report = report.plus(recovered.report());
                if (recovered.send() != null) {
                    toSend.add(recovered.send());
                }
            } catch (PortException e) { // the others do not wait for it
                failed = e;
            }
        }
        if (!toSend.isEmpty() && !sender.send(toSend)) {
            failed = new PortException("the queue did not take all messages");
        }
        parts.meter().add(Metric.STEPS_RECLAIMED, report.steps().reclaimed());
        if (failed != null) {
            throw failed;
        }
        if (!toSend.isEmpty() || report.steps().reclaimed() > 0) {
            Instant lastHeard = worker.leaseUntil().minus(parts.timing().lease());
            parts.meter()
                    .measure(
                            Measure.RECOVERY_TIME,
                            Duration.between(lastHeard, parts.runtime().now()));
        }
        parts.traces().flush();
        parts.workers().forget(worker.id());
        return report;
    }

    private Recovered recover(WorkerRecord worker, Assignment step, Map<DispatchId, List<StepSpec>> manifestsOf) {
        Records read = Records.read(parts.store(), List.of(new StepRef(step.id(), step.shard())));
        if (read.isDamaged(step.id().stepKey())) {
            return Recovered.LEFT; // the sweep logs it, and recovers it once it is repaired
        }
        StepRecord record = read.of(step.id().stepKey());
        if (record != null) { // the worker may have recorded ends that it did not tell
            parts.recorder().tellAgain(record);
        }
        StepSpec spec = spec(step, manifestsOf);
        return spec == null ? withoutManifest(worker, record) : recover(worker, spec.as(record), record);
    }

    private @Nullable StepSpec spec(Assignment step, Map<DispatchId, List<StepSpec>> known) {
        List<StepSpec> steps = known.computeIfAbsent(step.dispatch(), this::manifest);
        return step.index() < steps.size() && steps.get(step.index()).id().equals(step.id())
                ? steps.get(step.index())
                : null;
    }

    private List<StepSpec> manifest(DispatchId name) {
        try {
            Optional<Dispatch> dispatch = parts.store().dispatch(name.runId(), name.dispatchId());
            return dispatch.isEmpty() || dispatch.get().closed()
                    ? List.of() // nobody dispatched it, or all of it has ended
                    : manifests.steps(dispatch.get());
        } catch (Payloads.Missing | DamagedData unreadable) {
            LOG.error(
                    "Dispatch {}/{}: {}; the attempts of its steps are ended, and the sweeper does the rest.",
                    name.runId(),
                    name.dispatchId(),
                    unreadable.getMessage());
            return List.of();
        }
    }

    /**
     * What was done about a step.
     *
     * @param send the step, if its message is to be sent
     */
    private record Recovered(@Nullable StepSpec send, SweepReport report) {
        static final Recovered LEFT = new Recovered(null, SweepReport.NOTHING);
    }

    private Recovered recover(WorkerRecord worker, StepSpec spec, @Nullable StepRecord record) {
        Recovered send = new Recovered(spec, SweepReport.NOTHING);
        if (record == null) {
            return send; // its message is invisible for as long as the longest step
        }
        boolean ranHere = worker.id().equals(record.worker());
        return switch (record.state()) {
            case StepState.Running _ -> ranHere ? endAttempt(worker, spec, record) : Recovered.LEFT;
            case StepState.Retrying _ -> send;
            case StepState.Dead dead
            when ranHere && dead.deadLetteredAt() == null -> new Recovered(null, deadLetter(spec, record, dead));
            case StepState.Ended _ -> Recovered.LEFT;
        };
    }

    private Recovered endAttempt(WorkerRecord worker, StepSpec spec, StepRecord record) {
        if (!(parts.recorder().apply(record.id(), record, lost(worker, record))
                instanceof StepRecorder.Recorded.Wrote(StepRecord after))) {
            tellAgain(record);
            return Recovered.LEFT; // it ended meanwhile
        }
        return switch (after.state()) {
            case StepState.Retrying _ -> new Recovered(spec, SweepReport.RECLAIMED);
            case StepState.Dead dead -> new Recovered(null, SweepReport.RECLAIMED.plus(deadLetter(spec, after, dead)));
            case StepState.Running _, StepState.Succeeded _, StepState.Failed _, StepState.Cancelled _ ->
                new Recovered(null, SweepReport.RECLAIMED);
        };
    }

    /** As it is now. */
    private void tellAgain(StepRecord read) {
        if (parts.traces().exported()) {
            parts.store().record(read.id(), read.shard()).ifPresent(parts.recorder()::tellAgain);
        }
    }

    private SweepReport deadLetter(StepSpec spec, StepRecord record, StepState.Dead dead) {
        parts.deadLetterer().moveToDeadLetters(spec, record, dead);
        return SweepReport.DEAD_LETTERED;
    }

    /** The sweeper does the rest of a dispatch that has no manifest any more. */
    private Recovered withoutManifest(WorkerRecord worker, @Nullable StepRecord record) {
        return record != null
                        && parts.recorder().apply(record.id(), record, lost(worker, record))
                                instanceof StepRecorder.Recorded.Wrote
                ? new Recovered(null, SweepReport.RECLAIMED)
                : Recovered.LEFT;
    }

    private static StepEvent lost(WorkerRecord worker, StepRecord record) {
        return new StepEvent.WorkerLost(worker.id(), record.attempt(), beside(worker, record.id()));
    }

    /** Which other steps the worker ran when it sent its last heartbeat: one of them may have killed it. */
    private static String beside(WorkerRecord worker, StepId step) {
        // before its first heartbeat it may have run all of them
        List<Assignment> ran = worker.beat() == 0 ? worker.steps() : worker.running();
        List<String> others = ran.stream()
                .map(Assignment::id)
                .filter(other -> !other.equals(step))
                .map(StepId::stepKey)
                .distinct()
                .toList();
        if (others.isEmpty()) {
            return ", with no other step beside it";
        }
        String named = String.join(", ", others.subList(0, Math.min(NAMED, others.size())));
        return ", beside " + named + (others.size() > NAMED ? " and " + (others.size() - NAMED) + " more" : "");
    }
}
