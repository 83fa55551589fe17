package dev.stepstile.simulation;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Expect;
import dev.stepstile.step.Pinned;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.store.DeadLetters;
import dev.stepstile.store.PayloadStore;
import dev.stepstile.store.Ports;
import dev.stepstile.store.StepQueue;
import dev.stepstile.store.StepQueue.Delivery;
import dev.stepstile.store.StepStore;
import java.time.Instant;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Ways to make a mistake, and changed copies of what the ports carry. */
final class Mistakes {
    private Mistakes() {}

    static Mistake store(String function, UnaryOperator<StepStore> wrong) {
        return (name, ports, simulation) -> name.equals(function) ? with(ports, wrong.apply(ports.store())) : ports;
    }

    static Mistake queue(String function, BiFunction<StepQueue, Simulation, StepQueue> wrong) {
        return (name, ports, simulation) ->
                name.equals(function) ? with(ports, wrong.apply(ports.queue(), simulation)) : ports;
    }

    static Mistake items(String function, UnaryOperator<PayloadStore> wrong) {
        return (name, ports, simulation) -> name.equals(function)
                ? new Ports(ports.store(), ports.queue(), ports.letters(), wrong.apply(ports.items()), ports.objects())
                : ports;
    }

    static Mistake both(Mistake one, Mistake other) {
        return (name, ports, simulation) -> other.in(name, one.in(name, ports, simulation), simulation);
    }

    static Ports with(Ports ports, StepStore store) {
        return new Ports(store, ports.queue(), ports.letters(), ports.items(), ports.objects());
    }

    static Ports with(Ports ports, StepQueue queue) {
        return new Ports(ports.store(), queue, ports.letters(), ports.items(), ports.objects());
    }

    static Ports with(Ports ports, StepStore store, DeadLetters letters) {
        return new Ports(store, ports.queue(), letters, ports.items(), ports.objects());
    }

    static StepRecord owned(StepRecord record, String owner) {
        return record(record, record.pinned(), record.attempt(), owner, record.budgetFrom(), record.cancelSeq());
    }

    static StepRecord pinned(StepRecord record, Pinned pinned) {
        return record(record, pinned, record.attempt(), record.owner(), record.budgetFrom(), record.cancelSeq());
    }

    static StepRecord fenced(StepRecord record, int attempt) {
        return record(record, record.pinned(), attempt, record.owner(), attempt, record.cancelSeq());
    }

    static StepRecord attempt(StepRecord record, int attempt) {
        return record(record, record.pinned(), attempt, record.owner(), record.budgetFrom(), record.cancelSeq());
    }

    static StepState.Running leased(StepState.Running running, Instant until) {
        return new StepState.Running(until, running.cancelRequested(), running.progress());
    }

    static StepRecord answering(StepRecord record, long cancelSeq) {
        return record(record, record.pinned(), record.attempt(), record.owner(), record.budgetFrom(), cancelSeq);
    }

    private static StepRecord record(
            StepRecord record, Pinned pinned, int attempt, String owner, int budgetFrom, long cancelSeq) {
        return new StepRecord(
                record.id(),
                record.shard(),
                pinned,
                attempt,
                owner,
                budgetFrom,
                cancelSeq,
                record.createdAt(),
                record.startedAt(),
                record.pages(),
                record.history(),
                record.state());
    }

    static StepRecord in(StepRecord record, StepState state) {
        return new StepRecord(
                record.id(),
                record.shard(),
                record.pinned(),
                record.attempt(),
                record.owner(),
                record.budgetFrom(),
                record.cancelSeq(),
                record.createdAt(),
                record.startedAt(),
                record.pages(),
                record.history(),
                state);
    }

    static Dispatch versioned(Dispatch dispatch, long version) {
        return dispatch(dispatch, version, dispatch.keepOpenUntil());
    }

    static Dispatch keptOpenUntil(Dispatch dispatch, Instant until) {
        return dispatch(dispatch, dispatch.version(), until);
    }

    private static Dispatch dispatch(Dispatch dispatch, long version, Instant keepOpenUntil) {
        return new Dispatch(
                dispatch.runId(),
                dispatch.dispatchId(),
                dispatch.digest(),
                dispatch.shards(),
                dispatch.stepCount(),
                dispatch.manifest(),
                dispatch.createdAt(),
                dispatch.validUntil(),
                dispatch.sentAt(),
                dispatch.lastSentAt(),
                dispatch.resends(),
                dispatch.finished(),
                dispatch.finishedCounts(),
                dispatch.openCounts(),
                dispatch.countedAt(),
                version,
                keepOpenUntil,
                dispatch.nextSweepAt(),
                dispatch.sweptAt());
    }

    static Delivery saying(Delivery delivery, String body) {
        return new Delivery(delivery.messageId(), delivery.receipt(), body, delivery.receiveCount(), delivery.sentAt());
    }

    /** Conditions without the conjuncts that {@code dropped} takes out, by making them what is stored. */
    static Conditions without(BiFunction<StepRecord, Expect, Expect> dropped) {
        return (@Nullable StepRecord stored, Expect expect) ->
                Conditions.ALL.met(stored, stored == null ? expect : dropped.apply(stored, expect));
    }
}
