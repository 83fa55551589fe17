package dev.stepstile.model;

import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.Timing;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * All that is stored, in the table and in the queues: a value. The model has one run with one dispatch.
 *
 * @param deadLettered every message that was ever in the dead-letter queue
 * @param deadLetters what is in it now
 * @param sent how many messages were ever sent; the next one's id
 */
record Table(
        @Nullable Run run,
        @Nullable Dispatch dispatch,
        NavigableMap<String, StepRecord> records,
        NavigableMap<String, WorkerRecord> workers,
        List<Message> messages,
        List<DeadLetter> deadLettered,
        List<DeadLetter> deadLetters,
        int sent) {
    static final Table EMPTY =
            new Table(null, null, new TreeMap<>(), new TreeMap<>(), List.of(), List.of(), List.of(), 0);

    /** A message: waiting, or in flight since its {@code receives}-th receive. */
    record Message(int id, String body, int receives, boolean visible) {
        String receipt() {
            return id + ":" + receives;
        }

        Delivery delivery() {
            return new Delivery(Integer.toString(id), receipt(), body, receives, Instant.EPOCH);
        }
    }

    record DeadLetter(String step, int attempt, String body) {}

    Table with(Run next) {
        return new Table(next, dispatch, records, workers, messages, deadLettered, deadLetters, sent);
    }

    Table with(Dispatch next) {
        return new Table(run, next, records, workers, messages, deadLettered, deadLetters, sent);
    }

    Table with(StepRecord next) {
        NavigableMap<String, StepRecord> all = new TreeMap<>(records);
        all.put(next.id().stepKey(), next);
        return new Table(run, dispatch, all, workers, messages, deadLettered, deadLetters, sent);
    }

    /** With a worker's item, or without it if that is null. */
    Table withWorker(String id, @Nullable WorkerRecord item) {
        NavigableMap<String, WorkerRecord> all = new TreeMap<>(workers);
        if (item == null) {
            all.remove(id);
        } else {
            all.put(id, item);
        }
        return new Table(run, dispatch, records, all, messages, deadLettered, deadLetters, sent);
    }

    Table withMessages(List<Message> next) {
        return new Table(run, dispatch, records, workers, List.copyOf(next), deadLettered, deadLetters, sent);
    }

    Table withDeadLetters(List<DeadLetter> next) {
        return new Table(run, dispatch, records, workers, messages, deadLettered, List.copyOf(next), sent);
    }

    Table send(String body) {
        List<Message> all = new ArrayList<>(messages);
        all.add(new Message(sent, body, 0, true));
        return new Table(run, dispatch, records, workers, List.copyOf(all), deadLettered, deadLetters, sent + 1);
    }

    Table moveToDeadLetters(DeadLetter deadLetter) {
        List<DeadLetter> in = new ArrayList<>(deadLetters);
        in.add(deadLetter);
        List<DeadLetter> ever = new ArrayList<>(deadLettered);
        if (!ever.contains(deadLetter)) {
            ever.add(deadLetter);
        }
        return new Table(run, dispatch, records, workers, messages, List.copyOf(ever), List.copyOf(in), sent);
    }

    Table change(String receipt, UnaryOperator<@Nullable Message> change) {
        List<Message> all = new ArrayList<>();
        for (Message message : messages) {
            Message next = message.receipt().equals(receipt) ? change.apply(message) : message;
            if (next != null) {
                all.add(next);
            }
        }
        return withMessages(all);
    }

    @Nullable
    StepRecord record(StepId id) {
        return records.get(id.stepKey());
    }

    boolean closed() {
        return dispatch != null && dispatch.closed();
    }

    /** Whether every step of an accepted dispatch is at rest, and the sweeper has seen it. */
    boolean atRest() {
        return dispatch == null || closed();
    }

    /** What is wrong with what is stored now, or with how it came from what was stored before; null if nothing is. */
    static @Nullable String wrong(Table before, Table after, Instant now) {
        for (StepRecord next : after.records.values()) {
            StepRecord was = before.records.get(next.id().stepKey());
            String wrong = was == null || was.equals(next) ? null : wrong(before, was, next, now);
            if (wrong != null) {
                return wrong;
            }
            if (next.attempt() - next.attempts().budgetFrom()
                    > next.settings().retry().maxAttempts()) {
                return "more attempts than the budget has";
            }
            if (next.state() instanceof StepState.Dead dead
                    && dead.deadLetteredAt() != null
                    && after.deadLettered.stream()
                            .noneMatch(deadLetter ->
                                    deadLetter.step().equals(next.id().stepKey())
                                            && deadLetter.attempt() == next.attempt())) {
                return "marked as dead-lettered, and there is no dead letter";
            }
        }
        return after.dispatch == null ? null : wrong(after, after.dispatch);
    }

    private static @Nullable String wrong(Table table, Dispatch dispatch) {
        long atRest = table.records.values().stream().filter(Table::atRest).count();
        if (dispatch.closed() && atRest < dispatch.accepted().stepCount()) {
            return "closed, and a step is not at rest";
        }
        BitSet finished = dispatch.progress().finished().toBitSet();
        return table.records.values().stream()
                        .anyMatch(record -> finished.get(record.settings().index()) && !atRest(record))
                ? "taken for finished, and not at rest"
                : null;
    }

    private static boolean atRest(StepRecord record) {
        return switch (record.state()) {
            case StepState.Dead dead -> dead.deadLetteredAt() != null;
            case StepState.Ended _ -> true;
            case StepState.Running _, StepState.Retrying _ -> false;
        };
    }

    private static @Nullable String wrong(Table table, StepRecord was, StepRecord next, Instant now) {
        if (was.state() instanceof StepState.Succeeded) {
            return "a result was changed";
        }
        if (next.attempt() < was.attempt()) {
            return "the fence went back";
        }
        if (next.attempt() == was.attempt() && !next.owner().equals(was.owner())) {
            return "two owners have the same fence";
        }
        boolean taken = was.state() instanceof StepState.Running
                && (next.attempt() > was.attempt() || (lost(next) && !lost(was)));
        if (taken && was.worker() != null && lives(table, was.worker()) && !was.overdue(now, Timing.DEFAULT.margin())) {
            return "a step was taken over from a worker that was not revoked";
        }
        if (was.state() instanceof StepState.Ended
                && !(next.state() instanceof StepState.Ended)
                && next.attempts().budgetFrom() == was.attempts().budgetFrom()
                && was.attempt() > 0
                && next.attempts().budgetFrom() != was.attempt()) {
            return "an ended step came back without a redrive";
        }
        return null;
    }

    private static boolean lost(StepRecord record) {
        return record.history().stream()
                .anyMatch(note -> note.attempt() == record.attempt() && note.cause() == StepError.Kind.WORKER_LOST);
    }

    private static boolean lives(Table table, String worker) {
        WorkerRecord item = table.workers.get(worker);
        return item != null && item.revokedAt() == null;
    }
}
