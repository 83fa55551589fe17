package dev.stepstile.protocol;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.store.FeedEntry;
import dev.stepstile.store.LogPage;
import dev.stepstile.store.StepStore;
import dev.stepstile.store.StepStore.StepRef;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a run is asked: how it stands, its steps, one step, its feed. */
public final class RunQueries {
    private final StepStore store;
    private final Payloads payloads;
    private final Manifests manifests;
    private final World world;

    public RunQueries(StepStore store, Payloads payloads, World world) {
        this.store = store;
        this.payloads = payloads;
        this.manifests = new Manifests(store, payloads, world.tasks());
        this.world = world;
    }

    /**
     * How a run stands.
     *
     * @param countedAt when the oldest of its dispatches was counted; null if one was not yet
     */
    public record Status(
            Run run,
            int dispatches,
            int openDispatches,
            int steps,
            SortedMap<StepState.Name, Integer> counts,
            @Nullable Instant countedAt) {}

    /** A step of a manifest, with its record if it has one. */
    public record Step(StepSpec spec, @Nullable StepRecord record) {
        public StepState.Name state() {
            return record == null ? StepState.Name.QUEUED : record.state().name();
        }
    }

    /** Where a listing of steps goes on: the dispatch, and the place in its manifest. */
    public record StepsCursor(String dispatchId, int index) {}

    public record Steps(List<Step> steps, @Nullable StepsCursor next) {}

    /**
     * A piece of the feed.
     *
     * @param positions where each shard was read up to: the next cursor
     * @param caughtUp nothing more was there: a hint, since an entry may appear late
     */
    public record Feed(List<FeedEntry> entries, List<String> positions, boolean caughtUp) {}

    /** As counted by the last sweep of each dispatch or, if {@code exact}, now. */
    public Optional<Status> status(String runId, boolean exact) throws InterruptedException {
        Optional<Run> run = store.run(runId);
        if (run.isEmpty()) {
            return Optional.empty();
        }
        List<Dispatch> dispatches = store.dispatches(runId);
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        Instant countedAt = exact || dispatches.isEmpty() ? world.now() : null;
        int steps = 0;
        for (Dispatch dispatch : dispatches) {
            steps += dispatch.stepCount();
            (exact ? counted(dispatch) : dispatch.counts()).forEach((state, n) -> counts.merge(state, n, Integer::sum));
        }
        if (!exact && !dispatches.isEmpty()) {
            countedAt = oldest(dispatches);
        }
        int open = (int) dispatches.stream().filter(d -> !d.closed()).count();
        return Optional.of(new Status(run.get(), dispatches.size(), open, steps, counts, countedAt));
    }

    private static @Nullable Instant oldest(List<Dispatch> dispatches) {
        Instant oldest = Instant.MAX;
        for (Dispatch dispatch : dispatches) {
            Instant at = dispatch.countedAt();
            if (at == null) {
                return null;
            }
            oldest = at.isBefore(oldest) ? at : oldest;
        }
        return oldest;
    }

    private SortedMap<StepState.Name, Integer> counted(Dispatch dispatch) throws InterruptedException {
        try {
            List<StepSpec> steps = manifests.steps(dispatch);
            Map<String, StepRecord> records = manifests.records(steps);
            SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
            for (StepSpec spec : steps) {
                counts.merge(new Step(spec, records.get(spec.id().stepKey())).state(), 1, Integer::sum);
            }
            return counts;
        } catch (Payloads.Missing missing) {
            return dispatch.counts();
        }
    }

    /** The run's steps, dispatch by dispatch in manifest order, those in {@code state} if that is not null. */
    public Steps steps(String runId, StepState.@Nullable Name state, @Nullable StepsCursor from, int limit)
            throws InterruptedException {
        List<Step> found = new ArrayList<>();
        for (Dispatch dispatch : store.dispatches(runId)) {
            int order = from == null ? 1 : dispatch.dispatchId().compareTo(from.dispatchId());
            if (order < 0) {
                continue;
            }
            int index = from == null || order > 0 ? 0 : from.index();
            List<StepSpec> all;
            try {
                all = manifests.steps(dispatch);
            } catch (Payloads.Missing missing) {
                continue;
            }
            while (index < all.size()) {
                List<StepSpec> page = all.subList(index, Math.min(all.size(), index + Limits.PAGE));
                Map<String, StepRecord> records = manifests.records(page);
                for (StepSpec spec : page) {
                    if (found.size() == limit) {
                        return new Steps(found, new StepsCursor(dispatch.dispatchId(), index));
                    }
                    index++;
                    Step step = new Step(spec, records.get(spec.id().stepKey()));
                    if ((state == null || step.state() == state) && drivenBy(dispatch, step)) {
                        found.add(step);
                    }
                }
            }
        }
        return new Steps(found, null);
    }

    private static boolean drivenBy(Dispatch dispatch, Step step) {
        StepRecord record = step.record();
        return record == null || record.pinned().dispatchId().equals(dispatch.dispatchId());
    }

    /** One step's record, read consistently. */
    public Optional<StepRecord> step(Run run, String stepKey) {
        return store.record(new StepId(run.runId(), stepKey), Shards.of(stepKey, run.shards()));
    }

    /** What an attempt wrote. */
    public List<LogPage> log(StepRecord record, int attempt) {
        return store.pages(record.id(), record.shard(), attempt);
    }

    public Optional<Run> run(String runId) {
        return store.run(runId);
    }

    /** The records of these steps that exist, read consistently. */
    public List<StepRecord> lookup(Run run, List<String> keys) {
        return store.records(keys.stream()
                .map(key -> new StepRef(new StepId(run.runId(), key), Shards.of(key, run.shards())))
                .toList());
    }

    /** The JSON of a payload, or nothing if it is larger than {@code most} bytes or gone. */
    public Optional<String> json(Payload payload, long most) {
        try {
            return switch (payload) {
                case Payload.Inline(String json) -> Optional.of(json);
                case Payload.Item item when item.size() <= most -> Optional.of(payloads.get(item));
                case Payload.Stored stored when stored.size() <= most -> Optional.of(payloads.get(stored));
                case Payload.Item item -> Optional.empty();
                case Payload.Stored stored -> Optional.empty();
            };
        } catch (Payloads.Missing missing) {
            return Optional.empty();
        }
    }

    /**
     * The feed behind {@code positions} (one for each shard, "" from the start; empty for all from the start).
     *
     * @param limit entries at most
     */
    public Feed feed(Run run, List<String> positions, int limit) throws InterruptedException {
        List<Integer> shards = new ArrayList<>();
        for (int shard = 0; shard < run.shards(); shard++) {
            shards.add(shard);
        }
        List<List<FeedEntry>> pages = Parallel.map(world.tasks(), run.shards(), "read feed", shards, shard -> {
            String after = positions.isEmpty() ? "" : positions.get(shard);
            return store.feed(run.runId(), shard, after.isEmpty() ? null : after, limit);
        });
        List<FeedEntry> entries = new ArrayList<>();
        List<String> next = new ArrayList<>();
        boolean caughtUp = true;
        int room = limit;
        for (int shard : shards) {
            List<FeedEntry> page = pages.get(shard);
            List<FeedEntry> taken = page.subList(0, Math.min(room, page.size()));
            caughtUp &= taken.size() == page.size() && page.size() < limit;
            entries.addAll(taken);
            room -= taken.size();
            String before = positions.isEmpty() ? "" : positions.get(shard);
            next.add(taken.isEmpty() ? before : taken.getLast().position());
        }
        return new Feed(entries, next, caughtUp);
    }
}
