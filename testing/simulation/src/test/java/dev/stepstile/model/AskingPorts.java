package dev.stepstile.model;

import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.model.Asked.Result;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.simulation.ports.Conditions;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The ports as one actor sees them: each call asks, and what it does to the table is part of the question. */
final class AskingPorts implements StepStore, StepQueue, DeadLetterQueue, PayloadStore {
    private final Script script;
    private final Jobs.Job job;
    private final Conditions conditions;

    AskingPorts(Script script, Jobs.Job job, Conditions conditions) {
        this.script = script;
        this.job = job;
        this.conditions = conditions;
    }

    Ports ports() {
        return new Ports(this, new AskingWorkers(script), this, this, this, this);
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // each question says what it is answered with
    private <T> T ask(String what, BiFunction<Table, Instant, Result> effect) {
        return (T) script.ask(Asked.call(what, effect));
    }

    @Override
    public Run putRunIfAbsent(Run run) {
        return ask(
                "putRun",
                (table, now) ->
                        table.run() == null ? new Result(table.with(run), run) : new Result(table, table.run()));
    }

    @Override
    public Optional<Run> run(String runId) {
        return ask("run", (table, now) -> new Result(table, Optional.ofNullable(table.run())));
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
        return ask("raiseCancelSeq", (table, now) -> {
            Run run = table.run();
            if (run == null) {
                return new Result(table, Optional.empty());
            }
            Run raised = new Run(runId, run.createdAt(), run.shards(), run.cancelSeq() + 1);
            return new Result(table.with(raised), Optional.of(raised));
        });
    }

    @Override
    public Optional<Dispatch> putDispatchIfAbsent(Dispatch dispatch) {
        return ask(
                "putDispatch",
                (table, now) -> table.dispatch() == null
                        ? new Result(table.with(dispatch), Optional.empty())
                        : new Result(table, Optional.of(table.dispatch())));
    }

    @Override
    public Optional<Dispatch> dispatch(String runId, String dispatchId) {
        return ask("dispatch", (table, now) -> new Result(table, Optional.ofNullable(table.dispatch())));
    }

    @Override
    public List<Dispatch> dispatches(String runId) {
        return ask(
                "dispatches",
                (table, now) -> new Result(table, table.dispatch() == null ? List.of() : List.of(table.dispatch())));
    }

    @Override
    public boolean replace(Dispatch next) {
        return this.<Boolean>ask("replace dispatch" + (next.closed() ? ", closed" : ""), (table, now) -> {
            Dispatch stored = table.dispatch();
            boolean as = stored != null && stored.version() == next.version() - 1;
            return new Result(as ? table.with(next) : table, as);
        });
    }

    @Override
    public List<RunPosition> runs(@Nullable RunPosition after, int limit) {
        throw new AssertionError("no actor lists runs");
    }

    /** The index as it was when the sweep began. */
    @Override
    public List<DispatchId> due(int bucket, Instant until, int limit) {
        return job instanceof Jobs.Sweeping sweeping && sweeping.bucket() == bucket
                ? List.of(new DispatchId(Jobs.RUN, Jobs.DISPATCH))
                : List.of();
    }

    @Override
    public WriteResult write(StepRecord next, Precondition expect) {
        return ask("write " + next.id().stepKey() + " " + shown(next), (table, now) -> {
            StepRecord stored = table.record(next.id());
            return conditions.met(stored, expect)
                    ? new Result(table.with(next), new WriteResult.Written(), Jobs.redrivenWrongly(stored, next, job))
                    : new Result(table, new WriteResult.Refused(stored));
        });
    }

    static String shown(StepRecord record) {
        return record.state().name() + " " + record.attempt()
                + (record.state() instanceof StepState.Dead dead && dead.deadLetteredAt() != null
                        ? " dead-lettered"
                        : "")
                + (record.state() instanceof StepState.Running running && running.cancelRequested() ? " to stop" : "");
    }

    @Override
    public Optional<StepRecord> record(StepId id, int shard) {
        return ask("read " + id.stepKey(), (table, now) -> new Result(table, Optional.ofNullable(table.record(id))));
    }

    @Override
    public List<StepRecord> records(List<StepRef> steps) {
        return ask("read records", (table, now) -> {
            List<StepRecord> found = new ArrayList<>();
            for (StepRef step : steps) {
                StepRecord record = table.record(step.id());
                if (record != null) {
                    found.add(record);
                }
            }
            return new Result(table, List.copyOf(found));
        });
    }

    @Override
    public List<StepRecord> list(String runId, int shard, @Nullable String afterKey, int limit) {
        throw new UnsupportedOperationException("no manifest is ever missing here");
    }

    /** Never late: a late entry only delays the sweep that counts it, and the simulation has those. */
    @Override
    public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
        return ask("feed", (table, now) -> {
            List<FeedEntry> ends = new ArrayList<>();
            for (StepRecord record : table.records().values()) {
                if (record.shard() == shard && record.state() instanceof StepState.Ended ended) {
                    ends.add(new FeedEntry.Ended(
                            record.id().stepKey(), record.attempt(), ended.name(), ended.finishedAt(), 0, null));
                }
            }
            return new Result(
                    table,
                    ends.stream()
                            .filter(end -> end.position().compareTo(String.valueOf(afterPosition)) > 0)
                            .sorted(Comparator.comparing(FeedEntry::position))
                            .limit(limit)
                            .toList());
        });
    }

    /** Pages are not modelled: they decide nothing. */
    @Override
    public void putPage(LogPage page) {}

    @Override
    public List<LogPage> pages(StepId id, int shard, int attempt) {
        throw new UnsupportedOperationException("nobody reads pages here");
    }

    @Override
    public List<Outgoing> send(List<Outgoing> messages) {
        return ask("send " + messages.size(), (table, now) -> {
            Table sent = table;
            for (Outgoing message : messages) {
                sent = sent.send(message.body());
            }
            return new Result(sent, List.of());
        });
    }

    /** A worker starts with what was received for it. */
    @Override
    public List<Delivery> receive(int max, Duration wait) {
        return job instanceof Jobs.Working(Instant _, int _, Table.Message message)
                ? List.of(message.delivery())
                : List.of();
    }

    @Override
    public void delete(List<String> receipts) {
        for (String receipt : receipts) {
            ask(
                    "delete " + receipt,
                    (table, now) -> new Result(
                            table.change(receipt, message -> null), true, Jobs.deletedTooEarly(table, job, receipt)));
        }
    }

    @Override
    public void changeVisibility(String receipt, Duration delay) {
        ask(
                "changeVisibility " + receipt,
                (table, now) -> new Result(
                        delay.isPositive()
                                ? table
                                : table.change(receipt, m -> new Table.Message(m.id(), m.body(), m.receives(), true)),
                        true));
    }

    @Override
    public boolean anyVisible() {
        return this.<Boolean>ask(
                "anyVisible",
                (table, now) -> new Result(table, table.messages().stream().anyMatch(Table.Message::visible)));
    }

    @Override
    public void moveToDeadLetters(String group, String body) {
        DeadLetterCodec.Summary deadLetter = DeadLetterCodec.read(body);
        StepId step = deadLetter.step();
        if (step == null) {
            throw new IllegalStateException("every message is ours here");
        }
        ask(
                "moveToDeadLetters " + step.stepKey() + " " + deadLetter.attempt(),
                (table, now) -> new Result(
                        table.moveToDeadLetters(new Table.DeadLetter(step.stepKey(), deadLetter.attempt(), body)),
                        true));
    }

    @Override
    public void release(List<String> receipts) {
        throw new UnsupportedOperationException("nobody reads dead letters here");
    }

    @Override
    public long approximateCount() {
        throw new UnsupportedOperationException("nobody reads dead letters here");
    }

    @Override
    public void put(String key, byte[] content) {
        throw new UnsupportedOperationException("payloads are small here");
    }

    @Override
    public Optional<byte[]> get(String key) {
        throw new UnsupportedOperationException("payloads are small here");
    }

    @Override
    public boolean exists(String key) {
        throw new UnsupportedOperationException("payloads are small here");
    }
}
