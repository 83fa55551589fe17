package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out what a sweep decides about a step, except that the caller sends its message. */
final class StepRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(StepRecovery.class);

    private final StepStore store;
    private final StepRecorder recorder;
    private final StepCanceller canceller;
    private final DeadLetterer deadLetterer;
    private final WorkerStore workers;
    private final Set<String> seen;
    private final Timing timing;

    /** @param seen workers whose items were there just before */
    StepRecovery(EngineParts parts, Set<String> seen) {
        this.store = parts.store();
        this.workers = parts.workers();
        this.seen = seen;
        this.recorder = parts.recorder();
        this.canceller = new StepCanceller(parts);
        this.deadLetterer = parts.deadLetterer();
        this.timing = parts.timing();
    }

    /**
     * What was done about a step.
     *
     * @param spec with the settings of its record, which a redrive may have changed
     * @param state the step's state now
     * @param next what is to become of it
     * @param actAt when a rule can act on it again; null if only what happens to it can make one act
     */
    record Acted(
            StepSpec spec,
            StepState.Name state,
            Next next,
            @Nullable Instant actAt,
            SweepReport report) {

        enum Next {
            LEAVE,
            SEND,
            /** It was not sent before: it may run soon. */
            SEND_FIRST,
            /** It has ended: it is not looked at again. */
            NOTHING
        }

        boolean done() {
            return next == Next.NOTHING;
        }
    }

    /** @param now when the record was read */
    Acted act(StepSpec spec, @Nullable StepRecord record, Recovery.Scene scene, Instant now) {
        Step step = new Step(spec, record, scene, now);
        try {
            return act(step, Recovery.decide(spec, record, scene, now));
        } catch (PortException e) {
            LOG.warn("Step {}: not recovered yet ({}); the next sweep tries again.", spec.id(), e.getMessage());
            return step.again(step.state(), SweepReport.UNREACHABLE);
        }
    }

    /** A step that was not read, as nobody was sent it. */
    Acted leave(StepSpec spec, Recovery.Scene scene, Instant now) {
        return new Step(spec, null, scene, now).becomes(Acted.Next.LEAVE, SweepReport.NOTHING);
    }

    private Acted act(Step step, Recovery.Decision decision) {
        return switch (decision) {
            case Recovery.Decision.Leave _ -> step.becomes(Acted.Next.LEAVE, SweepReport.NOTHING);
            case Recovery.Decision.Done _ -> {
                StepRecord ended = step.record();
                if (ended != null && StepRecorder.lostWorkerLast(ended)) { // by a sweep that may have crashed since
                    recorder.tellAgain(ended);
                }
                yield step.becomes(Acted.Next.NOTHING, SweepReport.NOTHING);
            }
            case Recovery.Decision.Resend _ -> step.becomes(Acted.Next.SEND, SweepReport.RESENT);
            case Recovery.Decision.SendFirst _ -> step.becomes(Acted.Next.SEND_FIRST, SweepReport.NOTHING);
            case Recovery.Decision.MoveToDeadLetters(StepRecord dead, StepState.Dead end) -> {
                deadLetterer.moveToDeadLetters(step.spec(), dead, end);
                yield step.again(StepState.Name.DEAD, SweepReport.DEAD_LETTERED);
            }
            case Recovery.Decision.Reclaim _ ->
                recorded(step, apply(step, new StepEvent.Expire(timing.margin())), SweepReport.RECLAIMED);
            case Recovery.Decision.Cancel _ ->
                recorded(
                        step,
                        canceller.cancel(step.spec(), step.record(), cancelSeq(step.spec())),
                        SweepReport.CANCELLED);
            case Recovery.Decision.LookForWorker look -> lookForWorker(step, look);
            case Recovery.Decision.EndAtDeadline _ ->
                recorded(step, apply(step, new StepEvent.ReachDeadline(step.spec())), SweepReport.DISCARDED);
            case Recovery.Decision.Discard(var error) ->
                recorded(step, apply(step, new StepEvent.Discard(step.spec(), error)), SweepReport.DISCARDED);
        };
    }

    private Acted lookForWorker(Step step, Recovery.Decision.LookForWorker look) {
        if (isGone(look.worker())) {
            StepEvent lost =
                    new StepEvent.WorkerLost(look.worker(), look.running().attempt(), "");
            return recorded(step, apply(step, lost), SweepReport.RECLAIMED);
        }
        if (look.askToStop()) {
            canceller.askWorker(look.running());
            return step.again(step.state(), SweepReport.NOTHING);
        }
        return step.becomes(Acted.Next.LEAVE, SweepReport.NOTHING);
    }

    /** Its item was deleted, although the step still runs by its record: it claimed the step after it was revoked. */
    private boolean isGone(String worker) {
        return !seen.contains(worker) && workers.worker(worker).isEmpty();
    }

    private long cancelSeq(StepSpec spec) {
        return store.run(spec.id().runId()).map(Run::cancelSeq).orElse(0L);
    }

    private StepRecorder.Recorded apply(Step step, StepEvent event) {
        return recorder.apply(step.spec().id(), step.record(), event);
    }

    private Acted recorded(Step step, StepRecorder.Recorded recorded, SweepReport report) {
        if (!(recorded instanceof StepRecorder.Recorded.Wrote(StepRecord written))) {
            return step.again(step.state(), SweepReport.NOTHING);
        }
        Step after = new Step(step.spec(), written, step.scene(), step.now());
        return switch (written.state()) {
            case StepState.Dead dead -> {
                deadLetterer.moveToDeadLetters(step.spec(), written, dead);
                yield after.again(StepState.Name.DEAD, report.plus(SweepReport.DEAD_LETTERED));
            }
            case StepState.Retrying _ -> after.becomes(Acted.Next.SEND, report);
            case StepState.Running _ -> after.again(StepState.Name.RUNNING, report);
            case StepState.Ended _ -> after.becomes(Acted.Next.NOTHING, report);
        };
    }

    /** A step as it was read, or written since. */
    private record Step(StepSpec spec, @Nullable StepRecord record, Recovery.Scene scene, Instant now) {
        StepState.Name state() {
            return record == null ? StepState.Name.QUEUED : record.state().name();
        }

        Acted becomes(Acted.Next next, SweepReport report) {
            return new Acted(spec, state(), next, DueReading.actAt(spec, record, scene, now), report);
        }

        /** The next sweep looks at it again. */
        Acted again(StepState.Name state, SweepReport report) {
            return new Acted(spec, state, Acted.Next.LEAVE, now, report);
        }
    }
}
