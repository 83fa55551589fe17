package dev.stepstile.usecase;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** As much of the ports as a batch needs, with a point before each call. Nothing may follow a success. */
final class RacyPorts implements StepStore, StepQueue, DeadLetterQueue, PayloadStore {
    private final RacyWorkers workers = new RacyWorkers();
    private final Map<String, StepRecord> records = new TreeMap<>();
    private final Map<String, TreeMap<Integer, List<String>>> pages = new TreeMap<>();

    RacyWorkers workers() {
        return workers;
    }

    Ports ports() {
        return new Ports(this, workers, this, this, this, this);
    }

    void put(StepRecord record) {
        records.put(record.id().stepKey(), record);
    }

    boolean has(String key) {
        return records.containsKey(key);
    }

    StepRecord stored(String key) {
        return Objects.requireNonNull(records.get(key));
    }

    List<List<String>> pages(String key) {
        return List.copyOf(pages.getOrDefault(key, new TreeMap<>()).values());
    }

    @Override
    public WriteResult write(StepRecord next, Precondition expect) {
        Baton.reach();
        StepRecord stored = records.get(next.id().stepKey());
        boolean met = switch (expect) {
            case Precondition.Absent _ -> stored == null;
            case Precondition.Fence fence ->
                stored != null && Precondition.fence(stored).equals(fence);
            case Precondition.AsRead asRead ->
                stored != null && Precondition.asRead(stored).equals(asRead);
        };
        if (!met) {
            return new WriteResult.Refused(stored);
        }
        if (stored != null && stored.state() instanceof StepState.Succeeded) {
            throw new AssertionError("a success was written over");
        }
        put(next);
        return new WriteResult.Written();
    }

    @Override
    public void putPage(LogPage page) {
        Baton.reach();
        pages.computeIfAbsent(page.id().stepKey(), key -> new TreeMap<>()).put(page.number(), page.lines());
    }

    @Override
    public Optional<StepRecord> record(StepId id, int shard) {
        return Optional.ofNullable(records.get(id.stepKey()));
    }

    @Override
    public void changeVisibility(String receipt, Duration delay) {
        Baton.reach();
    }

    private static UnsupportedOperationException unused() {
        return new UnsupportedOperationException("a batch does without");
    }

    @Override
    public Run putRunIfAbsent(Run run) {
        throw unused();
    }

    @Override
    public Optional<Run> run(String runId) {
        throw unused();
    }

    @Override
    public Optional<RedriveCall> putRedriveIfAbsent(RedriveCall call) {
        throw new UnsupportedOperationException("no call here is named");
    }

    @Override
    public void putRedrive(RedriveCall done) {
        throw new UnsupportedOperationException("no call here is named");
    }

    @Override
    public Optional<Run> raiseCancelSeq(String runId) {
        throw unused();
    }

    @Override
    public Optional<Dispatch> putDispatchIfAbsent(Dispatch dispatch) {
        throw unused();
    }

    @Override
    public Optional<Dispatch> dispatch(String runId, String dispatchId) {
        Instant now = Instant.EPOCH;
        return Optional.of(Dispatch.unsent(
                new DispatchId(runId, dispatchId),
                new Dispatch.Accepted("digest", 1, 10, Payload.NULL, now, now, 0),
                now,
                now,
                null));
    }

    @Override
    public List<Dispatch> dispatches(String runId) {
        throw unused();
    }

    @Override
    public boolean replace(Dispatch next) {
        throw unused();
    }

    @Override
    public List<RunPosition> runs(@Nullable RunPosition after, int limit) {
        throw unused();
    }

    @Override
    public List<DispatchId> due(int bucket, Instant until, int limit) {
        throw unused();
    }

    @Override
    public List<StepRecord> records(List<StepRef> steps) {
        throw unused();
    }

    @Override
    public List<StepRecord> list(String runId, int shard, @Nullable String afterKey, int limit) {
        throw unused();
    }

    @Override
    public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
        throw unused();
    }

    @Override
    public List<LogPage> pages(StepId id, int shard, int attempt) {
        throw unused();
    }

    @Override
    public List<Outgoing> send(List<Outgoing> messages) {
        throw unused();
    }

    @Override
    public List<Delivery> receive(int max, Duration wait) {
        throw unused();
    }

    @Override
    public void delete(List<String> receipts) {
        throw unused();
    }

    @Override
    public boolean anyVisible() {
        throw unused();
    }

    @Override
    public void moveToDeadLetters(String group, String body) {
        throw unused();
    }

    @Override
    public void release(List<String> receipts) {
        throw unused();
    }

    @Override
    public long approximateCount() {
        throw unused();
    }

    @Override
    public void put(String key, byte[] content) {
        throw unused();
    }

    @Override
    public Optional<byte[]> get(String key) {
        throw unused();
    }

    @Override
    public boolean exists(String key) {
        throw unused();
    }
}
