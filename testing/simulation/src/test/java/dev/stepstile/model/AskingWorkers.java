package dev.stepstile.model;

import dev.stepstile.model.Asked.Result;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.StepId;
import dev.stepstile.step.WorkerRecord;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The items of workers as one actor sees them: each call asks, as those of {@link AskingPorts} do. */
final class AskingWorkers implements WorkerStore {
    private final Script script;

    AskingWorkers(Script script) {
        this.script = script;
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // each question says what it is answered with
    private <T> T ask(String what, BiFunction<Table, Instant, Result> effect) {
        return (T) script.ask(Asked.call(what, effect));
    }

    @Override
    public void start(WorkerRecord first) {
        ask(
                "start worker",
                (table, now) -> new Result(
                        table.workers().containsKey(first.id()) ? table : table.withWorker(first.id(), first), true));
    }

    @Override
    public Optional<Set<StepId>> renew(WorkerRecord next) {
        return ask("renew worker", (table, now) -> {
            WorkerRecord stored = table.workers().get(next.id());
            return stored == null || stored.revokedAt() != null || stored.beat() > next.beat()
                    ? new Result(table, Optional.empty())
                    : new Result(table.withWorker(next.id(), next), Optional.of(Set.of()));
        });
    }

    @Override
    public boolean askToCancel(String worker, StepId step) {
        return true; // the model's handlers are told by what is asked of them
    }

    @Override
    public boolean revoke(WorkerRecord read, Instant at) {
        return this.<Boolean>ask("revoke worker", (table, now) -> {
            WorkerRecord stored = table.workers().get(read.id());
            boolean asRead = stored != null
                    && stored.beat() == read.beat()
                    && Objects.equals(stored.revokedAt(), read.revokedAt());
            return asRead
                    ? new Result(table.withWorker(read.id(), stored.withRevokedAt(at)), true)
                    : new Result(table, false);
        });
    }

    @Override
    public void end(String worker) {
        delete(worker, false);
    }

    @Override
    public void forget(String worker) {
        delete(worker, true);
    }

    private void delete(String worker, boolean revoked) {
        ask("end worker", (table, now) -> {
            WorkerRecord stored = table.workers().get(worker);
            return stored != null && (stored.revokedAt() != null) == revoked
                    ? new Result(table.withWorker(worker, null), true)
                    : new Result(table, true);
        });
    }

    @Override
    public Optional<WorkerRecord> worker(String id) {
        return ask(
                "worker",
                (table, now) ->
                        new Result(table, Optional.ofNullable(table.workers().get(id))));
    }

    @Override
    public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
        return ask(
                "workers",
                (table, now) -> new Result(
                        table,
                        table.workers().values().stream()
                                .filter(worker -> WorkerRecord.bucket(worker.id()) == bucket)
                                .filter(worker -> afterId == null || worker.id().compareTo(afterId) > 0)
                                .limit(limit)
                                .toList()));
    }
}
