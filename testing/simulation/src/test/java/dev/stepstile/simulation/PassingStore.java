package dev.stepstile.simulation;

import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Passes every call on; a mistake overrides the one it gets wrong. */
class PassingStore implements StepStore {
    protected final StepStore store;

    PassingStore(StepStore store) {
        this.store = store;
    }

    @Override
    public Run putRunIfAbsent(Run run) {
        return store.putRunIfAbsent(run);
    }

    @Override
    public Optional<Run> run(String runId) {
        return store.run(runId);
    }

    @Override
    public Optional<Run> keepRun(String runId) {
        return store.keepRun(runId);
    }

    @Override
    public Optional<RedriveCall> putRedriveIfAbsent(RedriveCall call) {
        return store.putRedriveIfAbsent(call);
    }

    @Override
    public void putRedrive(RedriveCall done) {
        store.putRedrive(done);
    }

    @Override
    public Optional<Run> raiseCancelSeq(String runId) {
        return store.raiseCancelSeq(runId);
    }

    @Override
    public Optional<Dispatch> putDispatchIfAbsent(Dispatch dispatch) {
        return store.putDispatchIfAbsent(dispatch);
    }

    @Override
    public Optional<Dispatch> dispatch(String runId, String dispatchId) {
        return store.dispatch(runId, dispatchId);
    }

    @Override
    public List<Dispatch> dispatches(String runId) {
        return store.dispatches(runId);
    }

    @Override
    public boolean replace(Dispatch next) {
        return store.replace(next);
    }

    @Override
    public List<RunPosition> runs(@Nullable RunPosition after, int limit) {
        return store.runs(after, limit);
    }

    @Override
    public List<DispatchId> due(int bucket, Instant until, int limit) {
        return store.due(bucket, until, limit);
    }

    @Override
    public WriteResult write(StepRecord next, Precondition expect) {
        return store.write(next, expect);
    }

    @Override
    public Optional<StepRecord> record(StepId id, int shard) {
        return store.record(id, shard);
    }

    @Override
    public List<StepRecord> records(List<StepRef> steps) {
        return store.records(steps);
    }

    @Override
    public List<StepRecord> list(String runId, int shard, @Nullable String afterKey, int limit) {
        return store.list(runId, shard, afterKey, limit);
    }

    @Override
    public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
        return store.feed(runId, shard, afterPosition, limit);
    }

    @Override
    public void putPage(LogPage page) {
        store.putPage(page);
    }

    @Override
    public List<LogPage> pages(StepId id, int shard, int attempt) {
        return store.pages(id, shard, attempt);
    }
}
