package dev.stepstile.simulation.ports;

import dev.stepstile.port.ByteOrder;
import dev.stepstile.port.DamagedData;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepStore;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Notification;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Retention;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The table in memory: conditional writes, consistent reads, and two indexes that lag behind. */
public final class SimulatedStepStore implements StepStore {
    /** DynamoDB's items. */
    public static final int ITEM_BYTES = 400 * 1024;

    private record OpenDispatch(Instant nextSweepAt, DispatchId ref) {}

    private final PortCalls calls;
    private final Scheduler scheduler;
    private final Conditions conditions;
    private final DeletionByAge deletion;
    private @Nullable Observer listener;
    private final Map<String, Run> runs = new HashMap<>();
    private final NavigableMap<String, NavigableMap<String, Dispatch>> dispatches = new TreeMap<>();
    private final Map<String, NavigableMap<String, StepRecord>> records = new HashMap<>();
    private final Map<String, NavigableMap<Integer, LogPage>> pages = new HashMap<>();
    private final NavigableMap<String, RedriveCall> redrives = new TreeMap<>();
    private final Set<String> damaged = new HashSet<>();
    private final LaggingIndex<OpenDispatch> open;
    private final LaggingIndex<FeedEntry> feed;
    private int openDispatches;

    public SimulatedStepStore(
            PortCalls calls,
            Scheduler scheduler,
            RandomGenerator random,
            Conditions conditions,
            DeletionByAge deletion) {
        this.calls = calls;
        this.deletion = deletion;
        this.scheduler = scheduler;
        this.conditions = conditions;
        this.open = new LaggingIndex<>(random);
        this.feed = new LaggingIndex<>(random);
    }

    /** Sets the observer of writes, before the first call. */
    public void tells(Observer observer) {
        this.listener = observer;
    }

    private Observer observer() {
        return Objects.requireNonNull(listener, "no listener was set");
    }

    @Override
    public Run putRunIfAbsent(Run run) {
        return calls.call(
                "store.putRun " + run.runId(),
                () -> {
                    Run stored = runs.putIfAbsent(run.runId(), run);
                    keeps(run.runId());
                    if (stored == null) {
                        observer().runWritten(run);
                    }
                    return stored == null ? run : stored;
                },
                stored -> "cancelSeq " + stored.cancelSeq());
    }

    @Override
    public Optional<Run> run(String runId) {
        return calls.call(
                "store.run " + runId,
                () -> Optional.ofNullable(runs.get(runId)),
                run -> run.map(r -> "cancelSeq " + r.cancelSeq()).orElse("none"));
    }

    @Override
    public List<RunPosition> runs(@Nullable RunPosition after, int limit) {
        return calls.call(
                "store.runs",
                () -> runs.values().stream()
                        .map(RunPosition::of)
                        .filter(run -> after == null || run.compareTo(after) > 0)
                        .sorted()
                        .limit(limit)
                        .toList(),
                found -> found.size() + " runs");
    }

    @Override
    public Optional<Run> keepRun(String runId) {
        return calls.call(
                "store.keepRun " + runId,
                () -> {
                    keeps(runId);
                    return Optional.ofNullable(runs.get(runId));
                },
                run -> run.map(r -> "cancelSeq " + r.cancelSeq()).orElse("none"));
    }

    private void keeps(String runId) {
        if (runs.containsKey(runId)) {
            deletion.written("run " + runId, Retention.SPARE, () -> runs.remove(runId));
        }
    }

    @Override
    public Optional<Run> raiseCancelSeq(String runId) {
        return calls.call(
                "store.raiseCancelSeq " + runId,
                () -> {
                    Run raised = runs.computeIfPresent(
                            runId, (id, r) -> new Run(id, r.createdAt(), r.shards(), r.cancelSeq() + 1));
                    if (raised != null) {
                        keeps(runId);
                        observer().runWritten(raised);
                    }
                    return Optional.ofNullable(raised);
                },
                run -> run.map(r -> "cancelSeq " + r.cancelSeq()).orElse("none"));
    }

    @Override
    public Optional<Dispatch> putDispatchIfAbsent(Dispatch dispatch) {
        return calls.call(
                "store.putDispatch " + named(dispatch),
                () -> {
                    Dispatch stored = ofRun(dispatch.runId()).putIfAbsent(dispatch.dispatchId(), dispatch);
                    if (stored == null) {
                        wrote(null, dispatch);
                    }
                    return Optional.ofNullable(stored);
                },
                SimulatedStepStore::shown);
    }

    @Override
    public Optional<Dispatch> dispatch(String runId, String dispatchId) {
        return calls.call(
                "store.dispatch " + runId + "/" + dispatchId,
                () -> Optional.ofNullable(ofRun(runId).get(dispatchId)),
                SimulatedStepStore::shown);
    }

    @Override
    public List<Dispatch> dispatches(String runId) {
        return calls.call(
                "store.dispatches " + runId,
                () -> List.copyOf(ofRun(runId).values()),
                found -> found.size() + " found");
    }

    @Override
    public boolean replace(Dispatch next) {
        return calls.call(
                "store.replace " + named(next) + " by " + shown(next),
                () -> {
                    Dispatch stored = ofRun(next.runId()).get(next.dispatchId());
                    if (stored == null || stored.version() != next.version() - 1) {
                        return false;
                    }
                    ofRun(next.runId()).put(next.dispatchId(), next);
                    wrote(stored, next);
                    return true;
                },
                done -> done ? "replaced" : "refused");
    }

    @Override
    public Optional<RedriveCall> putRedriveIfAbsent(RedriveCall call) {
        String key = call.runId() + "/" + call.redriveId();
        return calls.call(
                "store.putRedriveIfAbsent " + key,
                () -> {
                    RedriveCall known = redrives.putIfAbsent(key, call);
                    if (known == null) {
                        deletion.written("redrive " + key, Duration.ZERO, () -> redrives.remove(key));
                    }
                    return Optional.ofNullable(known);
                },
                found -> found.isPresent() ? "known" : "new");
    }

    @Override
    public void putRedrive(RedriveCall done) {
        String key = done.runId() + "/" + done.redriveId();
        calls.call("store.putRedrive " + key, () -> Optional.ofNullable(redrives.put(key, done)), before -> "stored");
    }

    private NavigableMap<String, Dispatch> ofRun(String runId) {
        return dispatches.computeIfAbsent(runId, id -> new TreeMap<>());
    }

    private void wrote(@Nullable Dispatch before, Dispatch after) {
        deletion.written("dispatch " + named(after), Duration.ZERO, () -> expire(after.runId(), after.dispatchId()));
        openDispatches += (after.dueAt() == null ? 0 : 1) - (before == null || before.dueAt() == null ? 0 : 1);
        Instant next = after.dueAt();
        open.change(
                scheduler.millis(),
                Integer.toString(after.openBucket()),
                named(after),
                next == null ? null : FeedEntry.from(next) + named(after),
                next == null ? null : new OpenDispatch(next, new DispatchId(after.runId(), after.dispatchId())));
        observer().dispatchWritten(before, after);
    }

    @Override
    public List<DispatchId> due(int bucket, Instant until, int limit) {
        return calls.call(
                "store.due " + bucket,
                () -> open.after(scheduler.millis(), Integer.toString(bucket), null, limit).stream()
                        .filter(found -> !found.nextSweepAt().isAfter(until))
                        .map(OpenDispatch::ref)
                        .toList(),
                found -> found.size() + " due");
    }

    @Override
    public WriteResult write(StepRecord next, Precondition expect) {
        return calls.call(
                "store.write " + key(next.id()) + " " + shown(next),
                () -> {
                    NavigableMap<String, StepRecord> shard = records.computeIfAbsent(
                            partition(next.id(), next.shard()), p -> new TreeMap<>(ByteOrder.OF_TEXT));
                    StepRecord stored = shard.get(next.id().stepKey());
                    if (!conditions.met(stored, expect)) {
                        observer().recordRefused(stored, next);
                        return new WriteResult.Refused(stored == null ? null : readable(stored));
                    }
                    shard.put(next.id().stepKey(), next);
                    damaged.remove(key(next.id()));
                    deletion.written(
                            "record " + key(next.id()), Retention.SPARE, () -> expire(next.id(), next.shard()));
                    if (next.equals(stored)) {
                        return new WriteResult.Written(); // written again, to be kept longer
                    }
                    index(stored, next);
                    observer().recordWritten(stored, next);
                    return new WriteResult.Written();
                },
                SimulatedStepStore::shown);
    }

    private void index(@Nullable StepRecord before, StepRecord after) {
        boolean was = before != null && before.state() instanceof StepState.Ended;
        if (after.state() instanceof StepState.Ended ended) {
            String position =
                    FeedEntry.endedPosition(ended.finishedAt(), after.id().stepKey(), after.attempt());
            Payload.Inline small = ended instanceof StepState.Succeeded succeeded
                            && succeeded.result() instanceof Payload.Inline inline
                    ? inline
                    : null;
            FeedEntry entry = new FeedEntry.Ended(
                    after.id().stepKey(),
                    after.attempt(),
                    ended.name(),
                    ended.finishedAt(),
                    after.attempts().newest().pages(),
                    small);
            feed.change(
                    scheduler.millis(),
                    partition(after.id(), after.shard()),
                    after.id().stepKey(),
                    position,
                    entry);
        } else if (was) {
            feed.change(
                    scheduler.millis(),
                    partition(after.id(), after.shard()),
                    after.id().stepKey(),
                    null,
                    null);
        }
    }

    @Override
    public Optional<StepRecord> record(StepId id, int shard) {
        return calls.call(
                "store.record " + key(id),
                () -> Optional.ofNullable(read(id, shard)),
                found -> found.map(SimulatedStepStore::shown).orElse("none"));
    }

    @Override
    public List<StepRecord> records(List<StepRef> steps) {
        return calls.call(
                "store.records " + steps.size(),
                () -> {
                    observer().sized("a batch of reads", steps.size(), Limits.LOOKUP_KEYS);
                    List<StepRecord> found = new ArrayList<>();
                    for (StepRef step : steps) {
                        StepRecord record = read(step.id(), step.shard());
                        if (record != null) {
                            found.add(record);
                        }
                    }
                    return found;
                },
                found -> found.size() == 1 ? shown(found.getFirst()) : found.size() + " found");
    }

    @Override
    public List<StepRecord> list(String runId, int shard, @Nullable String afterKey, int limit) {
        return calls.call(
                "store.list " + runId + " " + shard,
                () -> {
                    NavigableMap<String, StepRecord> all = records.getOrDefault(runId + "#" + shard, new TreeMap<>());
                    return (afterKey == null ? all : all.tailMap(afterKey, false))
                            .values().stream().limit(limit).map(this::readable).toList();
                },
                found -> found.size() + " found");
    }

    @Override
    public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
        return calls.call(
                "store.feed " + runId + " " + shard,
                () -> feed.after(scheduler.millis(), runId + "#" + shard, afterPosition, limit).stream()
                        .map(entry -> readable(runId, entry))
                        .toList(),
                found -> found.size() + " entries");
    }

    @Override
    public void putPage(LogPage page) {
        String attempt = key(page.id()) + "#" + page.attempt();
        calls.call(
                "store.putPage " + attempt + "#" + page.number(),
                () -> {
                    int size = page.lines().stream().mapToInt(String::length).sum();
                    observer().sized("a page", size, ITEM_BYTES);
                    observer().pageWritten(page);
                    pages.computeIfAbsent(attempt, a -> new TreeMap<>()).put(page.number(), page);
                    deletion.written("page " + attempt + "#" + page.number(), Retention.SPARE, () -> expire(page));
                    feed.change(
                            scheduler.millis(),
                            partition(page.id(), page.shard()),
                            page.id().stepKey() + "#" + page.attempt() + "#" + page.number(),
                            FeedEntry.pagePosition(page.at(), page.id().stepKey(), page.attempt(), page.number()),
                            new FeedEntry.PageWritten(page.id().stepKey(), page.attempt(), page.number(), page.at()));
                    return page.lines().size();
                },
                lines -> lines + " lines");
    }

    @Override
    public List<LogPage> pages(StepId id, int shard, int attempt) {
        return calls.call(
                "store.pages " + key(id) + "#" + attempt,
                () -> List.copyOf(pages.getOrDefault(key(id) + "#" + attempt, new TreeMap<>())
                        .values()),
                found -> found.size() + " pages");
    }

    /** From now on the step's record does not read as what was written. */
    public void damage(StepId id) {
        damaged.add(key(id));
    }

    private @Nullable StepRecord read(StepId id, int shard) {
        StepRecord record = find(id, shard);
        return record == null ? null : readable(record);
    }

    private StepRecord readable(StepRecord record) {
        if (damaged.contains(key(record.id()))) {
            throw new DamagedData("The record of step " + record.id() + " is damaged; restore it.");
        }
        return record;
    }

    private FeedEntry readable(String runId, FeedEntry entry) {
        return entry instanceof FeedEntry.Ended ended && damaged.contains(key(new StepId(runId, ended.stepKey())))
                ? FeedEntry.unknown(ended.stepKey(), ended.position())
                : entry;
    }

    /** The record, without a call; null if there is none. */
    @Nullable
    public StepRecord find(StepId id, int shard) {
        NavigableMap<String, StepRecord> all = records.get(partition(id, shard));
        return all == null ? null : all.get(id.stepKey());
    }

    /** The pages of one attempt by number, without a call. */
    public NavigableMap<Integer, LogPage> findPages(StepId id, int attempt) {
        return pages.getOrDefault(key(id) + "#" + attempt, new TreeMap<>());
    }

    /** The run, without a call. */
    @Nullable
    public Run findRun(String runId) {
        return runs.get(runId);
    }

    /** The run's dispatches, without a call. */
    public List<Dispatch> findDispatches(String runId) {
        return List.copyOf(ofRun(runId).values());
    }

    /** Whether no dispatch is open. */
    public boolean allClosed() {
        return openDispatches == 0;
    }

    /** What the feed shows of a step in the end, without a call. */
    public List<FeedEntry> feedOf(String runId, int shard) {
        return feed.after(Scheduler.NEVER, runId + "#" + shard, null, Integer.MAX_VALUE);
    }

    private void expire(String runId, String dispatchId) {
        Dispatch expired = ofRun(runId).remove(dispatchId);
        if (expired != null) {
            openDispatches -= expired.dueAt() == null ? 0 : 1;
            open.change(scheduler.millis(), Integer.toString(expired.openBucket()), named(expired), null, null);
        }
    }

    private void expire(LogPage page) {
        String attempt = key(page.id()) + "#" + page.attempt();
        if (pages.getOrDefault(attempt, new TreeMap<>()).remove(page.number()) != null) {
            feed.change(
                    scheduler.millis(),
                    partition(page.id(), page.shard()),
                    page.id().stepKey() + "#" + page.attempt() + "#" + page.number(),
                    null,
                    null);
        }
    }

    /** Deletes a record by its age. */
    public void expire(StepId id, int shard) {
        NavigableMap<String, StepRecord> all = records.get(partition(id, shard));
        StepRecord expired = all == null ? null : all.remove(id.stepKey());
        if (expired != null) {
            feed.change(scheduler.millis(), partition(id, shard), id.stepKey(), null, null);
            observer().recordExpired(expired);
        }
    }

    /** Forgets a run, as if all of its items had been deleted by their age. */
    public void forget(Run run) {
        runs.remove(run.runId());
        dispatches.remove(run.runId());
        redrives.subMap(run.runId() + "/", run.runId() + "0").clear();
        for (int shard = 0; shard < run.shards(); shard++) {
            String partition = run.runId() + "#" + shard;
            NavigableMap<String, StepRecord> all = records.remove(partition);
            if (all != null) {
                for (StepRecord record : all.values()) {
                    for (int attempt = 1; attempt <= record.attempt(); attempt++) {
                        pages.remove(key(record.id()) + "#" + attempt);
                    }
                }
            }
            feed.drop(partition);
        }
    }

    private static String partition(StepId id, int shard) {
        return id.runId() + "#" + shard;
    }

    private static String key(StepId id) {
        return id.runId() + "/" + id.stepKey();
    }

    private static String named(Dispatch dispatch) {
        return dispatch.runId() + "/" + dispatch.dispatchId();
    }

    private static String shown(Optional<Dispatch> found) {
        return found.map(SimulatedStepStore::shown).orElse("none");
    }

    private static String shown(Dispatch dispatch) {
        return "version " + dispatch.version() + (dispatch.closed() ? " closed" : "") + told(dispatch);
    }

    private static String told(Dispatch dispatch) {
        Notification notification = dispatch.schedule().notification();
        return notification == null ? "" : ", notification " + notification.status();
    }

    private static String shown(StepRecord record) {
        String cancel = record.cancelSeq() == 0 ? "" : " cancelSeq " + record.cancelSeq();
        String deadLettered =
                record.state() instanceof StepState.Dead dead && dead.deadLetteredAt() != null ? " dead-lettered" : "";
        return record.state().name() + " " + record.attempt() + deadLettered + cancel;
    }

    private static String shown(WriteResult result) {
        return switch (result) {
            case WriteResult.Written _ -> "written";
            case WriteResult.Refused(StepRecord found) ->
                "refused, " + (found == null ? "nothing" : shown(found)) + " is there";
        };
    }
}
