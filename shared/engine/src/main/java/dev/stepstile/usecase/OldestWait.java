package dev.stepstile.usecase;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Pauses;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * For how long the step has waited that waits longest of all that could run. A sweep knows when each open dispatch was
 * dispatched, and which of its steps have neither ended nor run. Whether those wait for a worker, or pause before a retry, only
 * their records say: a few are read, of the oldest dispatches, until one is found that waits.
 */
final class OldestWait {
    /** Dispatches that are looked into at most. */
    private static final int DISPATCHES = 10;

    /** Records that are read of each. */
    private static final int RECORDS = 20;

    private static final Comparator<Dispatch> BY_AGE =
            Comparator.comparing(dispatch -> dispatch.accepted().createdAt());

    private final ManifestReader manifests;
    private final WorkerWatch.Look workers;
    private final KnownPauses pauses;
    private final Timing timing;
    private final EngineRuntime runtime;

    /** The oldest ones, the youngest of them first. */
    private final PriorityQueue<Dispatch> oldest = new PriorityQueue<>(BY_AGE.reversed());

    private boolean hasLeftOut;

    /** @param workers as this sweep has found them */
    OldestWait(EngineParts parts, ManifestReader manifests, WorkerWatch.Look workers, KnownPauses pauses) {
        this.manifests = manifests;
        this.workers = workers;
        this.pauses = pauses;
        this.timing = parts.timing();
        this.runtime = parts.runtime();
    }

    /** @param swept as this sweep has stored it */
    void saw(Dispatch swept) {
        if (swept.closed()
                || pauses.recent().coverRun(swept.runId())
                || settled(swept).cardinality() >= swept.accepted().stepCount()) {
            return;
        }
        oldest.add(swept);
        if (oldest.size() > DISPATCHES) {
            oldest.remove();
            hasLeftOut = true;
        }
    }

    /** The places of the steps that have ended or are running. */
    private BitSet settled(Dispatch dispatch) {
        BitSet settled = dispatch.progress().finished().toBitSet();
        settled.or(workers.runningOf(dispatch.id()));
        return settled;
    }

    /**
     * Zero if no step waits; empty if that is not known, as none of the steps that were read waits, and there are others.
     */
    Optional<Duration> longest() throws InterruptedException, Payloads.Missing {
        Instant now = runtime.now();
        Instant since = null;
        for (Dispatch dispatch : oldest.stream().sorted(BY_AGE).toList()) {
            if (since == null || dispatch.accepted().createdAt().isBefore(since)) {
                since = earlier(since, waitingSince(dispatch, now));
            }
        }
        if (since == null) {
            return hasLeftOut ? Optional.empty() : Optional.of(Duration.ZERO);
        }
        return Optional.of(since.isAfter(now) ? Duration.ZERO : Duration.between(since, now));
    }

    private static @Nullable Instant earlier(@Nullable Instant a, @Nullable Instant b) {
        return a == null || (b != null && b.isBefore(a)) ? b : a;
    }

    /** As far as a sample shows; null if none of it waits. What was dispatched since the last sweep is taken as waiting. */
    private @Nullable Instant waitingSince(Dispatch dispatch, Instant now)
            throws InterruptedException, Payloads.Missing {
        Instant dispatched = dispatch.accepted().createdAt();
        if (dispatched.plus(timing.sweepEvery()).isAfter(now)) {
            return dispatched;
        }
        List<StepSpec> sample = sample(dispatch, now);
        Records records = manifests.records(sample);
        Instant since = null;
        for (StepSpec step : sample) {
            String key = step.id().stepKey();
            if (!records.isDamaged(key)) {
                since = earlier(since, waitingSince(step, records.of(key), dispatched, now));
            }
        }
        return since;
    }

    private static @Nullable Instant waitingSince(
            StepSpec step, @Nullable StepRecord record, Instant dispatched, Instant now) {
        if (record == null) {
            return step.settings().window().earliest(dispatched);
        }
        return record.state() instanceof StepState.Retrying(Instant notBefore) && !notBefore.isAfter(now)
                ? notBefore
                : null;
    }

    /** Steps that may run, and neither ended nor run, evenly over the manifest, others in each sweep. */
    private List<StepSpec> sample(Dispatch dispatch, Instant now) throws Payloads.Missing {
        BitSet settled = settled(dispatch);
        Pauses paused = pauses.recent();
        List<StepSpec> open = manifests.steps(dispatch).stream()
                .filter(step -> !settled.get(step.settings().index()))
                .filter(step -> !step.settings().window().isAhead(now))
                .filter(step -> !paused.cover(step))
                .toList();
        if (open.size() <= RECORDS) {
            return open;
        }
        int first = runtime.random().nextInt(open.size());
        List<StepSpec> sample = new ArrayList<>();
        for (int i = 0; i < RECORDS; i++) {
            sample.add(open.get((int) ((first + (long) i * open.size() / RECORDS) % open.size())));
        }
        return sample;
    }
}
