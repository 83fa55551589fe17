package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The steps that are running, from the items of their workers: as of each worker's newest heartbeat, or, exactly, by their records
 * too. A step that its worker has not claimed is not among them. A list as of the heartbeats lags, so an attempt that has just
 * started may be missing, and one that has just ended may still be there.
 */
public final class RunningSteps {
    private static final int READS_AT_ONCE = 10;

    private final WorkerStore workers;
    private final StepStore store;
    private final EngineRuntime runtime;

    RunningSteps(EngineParts parts) {
        this.workers = parts.workers();
        this.store = parts.store();
        this.runtime = parts.runtime();
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
        List<Place> places =
                places(filter, from, limit + 1, worker -> worker.activities().keySet());
        return page(places, limit, place -> Optional.of(running(place.worker(), place.number())), fits);
    }

    /**
     * As {@link #page}, but as of now: what was claimed or has ended since its worker's newest heartbeat is seen. It also reads the
     * records of {@code limit} steps that workers have, consistently. A page may have fewer steps, or none, and still have a next one.
     */
    public Page exactPage(Filter filter, @Nullable Cursor from, int limit, Predicate<Running> fits)
            throws InterruptedException {
        List<Place> places = places(filter, from, limit + 1, RunningSteps::batch);
        Map<StepId, StepRecord> records = records(places.subList(0, Math.min(limit, places.size())));
        return page(
                places,
                limit,
                place -> Optional.ofNullable(records.get(place.step().id())).flatMap(record -> running(place, record)),
                fits);
    }

    /** A place in a worker's batch. */
    private record Place(WorkerRecord worker, int number) {
        private Assignment step() {
            return worker.steps().get(number);
        }
    }

    private static List<Integer> batch(WorkerRecord worker) {
        return IntStream.range(0, worker.steps().size()).boxed().toList();
    }

    /** The first places that a filter allows, of those {@code of} each worker. */
    private List<Place> places(
            Filter filter, @Nullable Cursor from, int most, Function<WorkerRecord, Collection<Integer>> of) {
        List<Place> found = new ArrayList<>();
        Consumer<WorkerRecord> add = worker -> {
            int first = from != null && from.worker().equals(worker.id()) ? from.place() : 0;
            of.apply(worker).stream()
                    .filter(number -> number >= first)
                    .map(number -> new Place(worker, number))
                    .filter(place -> filter.allows(place.step().id()))
                    .limit(most - found.size())
                    .forEach(found::add);
        };
        if (filter.worker() != null) {
            workers.worker(filter.worker()).ifPresent(add);
            return found;
        }
        String after = from == null ? null : from.worker();
        if (after != null) {
            workers.worker(after).ifPresent(add);
        }
        int first = after == null ? 0 : WorkerRecord.bucket(after);
        for (int bucket = first; bucket < WorkerRecord.BUCKETS && found.size() < most; bucket++) {
            List<WorkerRecord> page;
            do {
                page = workers.workers(bucket, after, Limits.PAGE);
                page.forEach(add);
                after = page.isEmpty() ? null : page.getLast().id();
            } while (page.size() == Limits.PAGE && found.size() < most);
            after = null;
        }
        return found;
    }

    /** Of these places, the steps that run, up to where the page is full. */
    private static Page page(
            List<Place> places, int limit, Function<Place, Optional<Running>> runs, Predicate<Running> fits) {
        List<Running> found = new ArrayList<>();
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            Optional<Running> running = i == limit ? Optional.empty() : runs.apply(place);
            if (i == limit || (running.isPresent() && !fits.test(running.get()))) {
                return new Page(found, new Cursor(place.worker().id(), place.number()));
            }
            running.ifPresent(found::add);
        }
        return new Page(found, null);
    }

    private Map<StepId, StepRecord> records(List<Place> places) throws InterruptedException {
        List<StepRef> steps = places.stream()
                .map(Place::step)
                .map(step -> new StepRef(step.id(), step.shard()))
                .distinct()
                .toList();
        List<List<StepRef>> batches = new ArrayList<>();
        for (int first = 0; first < steps.size(); first += Limits.LOOKUP_KEYS) {
            batches.add(steps.subList(first, Math.min(steps.size(), first + Limits.LOOKUP_KEYS)));
        }
        Map<StepId, StepRecord> found = new LinkedHashMap<>();
        ParallelCalls.map(runtime.tasks(), READS_AT_ONCE, "read running steps", batches, this::read).stream()
                .flatMap(List::stream)
                .forEach(record -> found.put(record.id(), record));
        return found;
    }

    /** A damaged record is not among them: whether its step runs is not known, and sweeps report it. */
    private List<StepRecord> read(List<StepRef> steps) {
        try {
            return store.records(steps);
        } catch (DamagedData ofOne) {
            return steps.size() == 1
                    ? List.of()
                    : steps.stream()
                            .map(List::of)
                            .map(this::read)
                            .flatMap(List::stream)
                            .toList();
        }
    }

    /** A step that this worker runs, by its record; what it does may be told by the next heartbeat only. */
    private Optional<Running> running(Place place, StepRecord record) {
        WorkerRecord worker = place.worker();
        if (!(record.state() instanceof StepState.Running) || !worker.id().equals(record.worker())) {
            return Optional.empty();
        }
        Activity told = worker.activities().get(place.number());
        if (told != null && told.attempt() == record.attempt()) {
            return Optional.of(running(worker, place.number()));
        }
        Instant claimed = record.attempts().newest().startedAt();
        Activity begun = new Activity(
                record.attempt(), claimed == null ? record.createdAt() : claimed, StepState.Progress.NONE, "");
        return Optional.of(new Running(place.step(), begun, worker, isLost(worker)));
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
        return new Running(worker.steps().get(place), activity, worker, isLost(worker));
    }

    private boolean isLost(WorkerRecord worker) {
        return worker.revokedAt() != null || worker.isSilent(runtime.now(), Duration.ZERO);
    }
}
