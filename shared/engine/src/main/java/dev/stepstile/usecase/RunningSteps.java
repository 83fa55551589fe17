package dev.stepstile.usecase;

import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The steps that are running, from the items of their workers: as of each worker's newest heartbeat. A step that its worker
 * has not claimed is not among them. A list may lag, so an attempt that has just started may be missing, and one that has
 * just ended may still be there.
 */
public final class RunningSteps {
    private final WorkerStore workers;
    private final InstantSource clock;

    RunningSteps(WorkerStore workers, InstantSource clock) {
        this.workers = workers;
        this.clock = clock;
    }

    /**
     * An attempt that a worker runs.
     *
     * @param lost whether the worker is revoked, or has sent no heartbeat within its lease: another attempt follows, unless
     *     this one has ended
     */
    public record Running(Assignment step, Activity activity, WorkerRecord worker, boolean lost) {}

    /** Where a listing continues: the worker, and the place in its batch. */
    public record Cursor(String worker, int place) {}

    public record Page(List<Running> steps, @Nullable Cursor next) {}

    /**
     * Which running steps.
     *
     * @param runId of this run; null: of any
     * @param worker of this worker; null: of any
     */
    public record Filter(@Nullable String runId, @Nullable String worker) {
        private boolean allows(StepId step) {
            return runId == null || runId.equals(step.runId());
        }
    }

    /**
     * Lists running steps, worker by worker. Of one worker, the item is read consistently. Otherwise, a call makes one query for each
     * bucket of workers, unless there are more than {@link Limits#PAGE} workers in one.
     *
     * @param from null for the first page
     * @param fits called for each step of the page, in order; the page ends before the first step that does not fit
     */
    public Page page(Filter filter, @Nullable Cursor from, int limit, Predicate<Running> fits) {
        List<Running> found = new ArrayList<>();
        if (filter.worker() != null) {
            int place = from == null ? 0 : from.place();
            Optional<WorkerRecord> one = workers.worker(filter.worker());
            return new Page(found, one.isEmpty() ? null : add(found, filter, one.get(), place, limit, fits));
        }
        int first = 0;
        String after = null;
        if (from != null) {
            first = WorkerRecord.bucket(from.worker());
            after = from.worker();
            Optional<WorkerRecord> begun = workers.worker(after);
            Cursor next = begun.isEmpty() ? null : add(found, filter, begun.get(), from.place(), limit, fits);
            if (next != null) {
                return new Page(found, next);
            }
        }
        for (int bucket = first; bucket < WorkerRecord.BUCKETS; bucket++) {
            List<WorkerRecord> page;
            do {
                page = workers.workers(bucket, after, Limits.PAGE);
                for (WorkerRecord worker : page) {
                    Cursor next = add(found, filter, worker, 0, limit, fits);
                    if (next != null) {
                        return new Page(found, next);
                    }
                    after = worker.id();
                }
            } while (page.size() == Limits.PAGE);
            after = null;
        }
        return new Page(found, null);
    }

    /** Adds what a worker runs from a place on; returns where to continue, if not all of it fits. */
    private @Nullable Cursor add(
            List<Running> found, Filter filter, WorkerRecord worker, int first, int limit, Predicate<Running> fits) {
        for (int place : worker.activities().tailMap(first).keySet()) {
            Assignment step = worker.steps().get(place);
            if (filter.allows(step.id())) {
                Running running = running(worker, place);
                if (found.size() == limit || !fits.test(running)) {
                    return new Cursor(worker.id(), place);
                }
                found.add(running);
            }
        }
        return null;
    }

    /** What a running step is doing, read consistently; nothing before the first heartbeat after its claim. */
    public Optional<Running> of(StepRecord record) {
        String id = record.state() instanceof StepState.Running ? record.worker() : null;
        return id == null ? Optional.empty() : workers.worker(id).flatMap(worker -> of(record, worker));
    }

    private Optional<Running> of(StepRecord record, WorkerRecord worker) {
        return worker.activities().keySet().stream()
                .map(place -> running(worker, place))
                .filter(running -> running.step().id().equals(record.id())
                        && running.activity().attempt() == record.attempt())
                .findFirst();
    }

    private Running running(WorkerRecord worker, int place) {
        Activity activity = Objects.requireNonNull(worker.activities().get(place));
        boolean lost = worker.revokedAt() != null || worker.isSilent(clock.instant(), Duration.ZERO);
        return new Running(worker.steps().get(place), activity, worker, lost);
    }
}
