package dev.stepstile.simulation;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.simulation.ports.Conditions;
import dev.stepstile.step.Attempts;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Notification;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Tasks;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Ways to make a mistake, and changed copies of what the ports carry. */
final class Mistakes {
    private Mistakes() {}

    static Interceptor store(String function, UnaryOperator<StepStore> wrong) {
        return (name, ports, simulation) -> name.equals(function) ? with(ports, wrong.apply(ports.store())) : ports;
    }

    /** Of the items of workers, in the functions that use them. */
    static Interceptor workers(UnaryOperator<WorkerStore> wrong) {
        return (name, ports, simulation) -> ports.withWorkers(wrong.apply(ports.workers()));
    }

    static Interceptor queue(String function, BiFunction<StepQueue, Simulation, StepQueue> wrong) {
        return (name, ports, simulation) ->
                name.equals(function) ? with(ports, wrong.apply(ports.queue(), simulation)) : ports;
    }

    static Interceptor items(String function, UnaryOperator<PayloadStore> wrong) {
        return (name, ports, simulation) ->
                name.equals(function) ? ports.withPayloads(wrong.apply(ports.items()), ports.objects()) : ports;
    }

    /** Of both payload stores. */
    static Interceptor payloads(String function, UnaryOperator<PayloadStore> wrong) {
        return (name, ports, simulation) -> name.equals(function)
                ? ports.withPayloads(wrong.apply(ports.items()), wrong.apply(ports.objects()))
                : ports;
    }

    static Interceptor deadLetters(String function, UnaryOperator<DeadLetterQueue> wrong) {
        return (name, ports, simulation) ->
                name.equals(function) ? with(ports, ports.store(), wrong.apply(ports.deadLetters())) : ports;
    }

    /** A function goes by other times. */
    static Interceptor timing(Set<String> functions, UnaryOperator<Timing> wrong) {
        return new Interceptor() {
            @Override
            public Ports in(String function, Ports ports, Simulation simulation) {
                return ports;
            }

            @Override
            public Timing timing(String function, Timing timing) {
                return functions.contains(function) ? wrong.apply(timing) : timing;
            }
        };
    }

    static Timing times(Timing timing, Duration lease, Duration margin, Duration validity) {
        return new Timing(lease, margin, timing.sweepEvery(), timing.dispatchTimeout(), validity, timing.resending());
    }

    static EngineRuntime with(EngineRuntime runtime, Tasks tasks) {
        return new EngineRuntime(runtime.clock(), runtime.random(), runtime.ids(), tasks);
    }

    /** A worker has other tasks, or other ids. */
    static Interceptor worker(UnaryOperator<EngineRuntime> wrong) {
        return new Interceptor() {
            @Override
            public Ports in(String function, Ports ports, Simulation simulation) {
                return ports;
            }

            @Override
            public EngineRuntime runtime(String function, EngineRuntime runtime) {
                return function.equals("step") ? wrong.apply(runtime) : runtime;
            }
        };
    }

    static Interceptor both(Interceptor one, Interceptor other) {
        return (name, ports, simulation) -> other.in(name, one.in(name, ports, simulation), simulation);
    }

    static Ports with(Ports ports, StepStore store) {
        return ports.withStore(store);
    }

    static Ports with(Ports ports, StepQueue queue) {
        return ports.withQueue(queue);
    }

    static Ports with(Ports ports, StepStore store, DeadLetterQueue deadLetters) {
        return ports.withStore(store).withDeadLetters(deadLetters);
    }

    static StepRecord budgeted(StepRecord record, int budgetFrom) {
        Attempts attempts = record.attempts();
        return with(record, new Attempts(attempts.newest(), budgetFrom, attempts.history()));
    }

    static StepRecord noted(StepRecord record, List<FailedAttempt> history) {
        Attempts attempts = record.attempts();
        return with(record, new Attempts(attempts.newest(), attempts.budgetFrom(), history));
    }

    static StepRecord owned(StepRecord record, String owner) {
        return newest(record, record.attempt(), owner);
    }

    static StepRecord fenced(StepRecord record, int attempt) {
        return budgeted(attempt(record, attempt), attempt);
    }

    static StepRecord attempt(StepRecord record, int attempt) {
        return newest(record, attempt, record.owner());
    }

    private static StepRecord newest(StepRecord record, int attempt, String owner) {
        Attempts attempts = record.attempts();
        Attempts.Newest newest = attempts.newest();
        return with(
                record,
                new Attempts(
                        new Attempts.Newest(attempt, owner, newest.startedAt(), newest.pages()),
                        attempts.budgetFrom(),
                        attempts.history()));
    }

    private static StepRecord with(StepRecord record, Attempts attempts) {
        return new StepRecord(
                record.id(),
                record.shard(),
                record.settings(),
                record.createdAt(),
                attempts,
                record.answered(),
                record.state());
    }

    static StepRecord settings(StepRecord record, StepSettings settings) {
        return new StepRecord(
                record.id(),
                record.shard(),
                settings,
                record.createdAt(),
                record.attempts(),
                record.answered(),
                record.state());
    }

    static WorkerRecord leased(WorkerRecord worker, Instant until) {
        return new WorkerRecord(
                worker.id(), worker.steps(), worker.beat(), until, worker.revokedAt(), worker.activities());
    }

    /** Lists fewer steps than it has. */
    static WorkerRecord listing(WorkerRecord worker, int fewer) {
        return new WorkerRecord(
                worker.id(),
                worker.steps().subList(0, worker.steps().size() - fewer),
                worker.beat(),
                worker.leaseUntil(),
                worker.revokedAt(),
                worker.activities());
    }

    static StepRecord answering(StepRecord record, long cancelSeq) {
        return new StepRecord(
                record.id(),
                record.shard(),
                record.settings(),
                record.createdAt(),
                record.attempts(),
                new StepRecord.AnsweredCalls(cancelSeq, record.answered().redrivenBy()),
                record.state());
    }

    static StepRecord in(StepRecord record, StepState state) {
        return new StepRecord(
                record.id(),
                record.shard(),
                record.settings(),
                record.createdAt(),
                record.attempts(),
                record.answered(),
                state);
    }

    static Dispatch versioned(Dispatch dispatch, long version) {
        return dispatch(dispatch, dispatch.sending(), dispatch.progress(), dispatch.schedule(), version);
    }

    static Dispatch keptOpenUntil(Dispatch dispatch, Instant until) {
        Dispatch.Schedule schedule = dispatch.schedule();
        return dispatch(
                dispatch,
                dispatch.sending(),
                dispatch.progress(),
                new Dispatch.Schedule(schedule.nextAt(), until, schedule.notification()),
                dispatch.version());
    }

    static Dispatch withNextSweepAt(Dispatch dispatch, @Nullable Instant next) {
        Dispatch.Schedule schedule = dispatch.schedule();
        return dispatch(
                dispatch,
                dispatch.sending(),
                dispatch.progress(),
                new Dispatch.Schedule(next, schedule.keepOpenUntil(), schedule.notification()),
                dispatch.version());
    }

    static Dispatch withNotification(Dispatch dispatch, @Nullable Notification notification) {
        Dispatch.Schedule schedule = dispatch.schedule();
        return dispatch(
                dispatch,
                dispatch.sending(),
                dispatch.progress(),
                new Dispatch.Schedule(schedule.nextAt(), schedule.keepOpenUntil(), notification),
                dispatch.version());
    }

    static Dispatch withoutFinishedCounts(Dispatch dispatch) {
        Dispatch.Progress progress = dispatch.progress();
        return dispatch(
                dispatch,
                dispatch.sending(),
                new Dispatch.Progress(
                        progress.finished(),
                        new TreeMap<>(),
                        progress.openCounts(),
                        progress.countedAt(),
                        progress.reading()),
                dispatch.schedule(),
                dispatch.version());
    }

    /** As if every step had been read by a sweep a moment ago, and no rule could act. */
    static Dispatch asIfJustRead(Dispatch dispatch) {
        Dispatch.Progress progress = dispatch.progress();
        Instant longFromNow = dispatch.accepted().createdAt().plus(Duration.ofDays(30));
        return dispatch(
                dispatch,
                dispatch.sending(),
                withReading(
                        progress,
                        new Dispatch.Reading(
                                longFromNow,
                                longFromNow,
                                null,
                                Long.MAX_VALUE,
                                progress.reading().endsReadTo())),
                dispatch.schedule(),
                dispatch.version());
    }

    /** Those records are written only once the next messages are sent. */
    static Ports writtenOnceSent(Ports ports, Predicate<StepRecord> those) {
        Deque<Runnable> unwritten = new ArrayDeque<>();
        StepStore store = new PassingStore(ports.store()) {
            @Override
            public WriteResult write(StepRecord next, Precondition expect) {
                if (!those.test(next)) {
                    return store.write(next, expect);
                }
                unwritten.add(() -> store.write(next, expect));
                return new WriteResult.Written();
            }
        };
        StepQueue queue = new PassingQueue(ports.queue()) {
            @Override
            public List<Outgoing> send(List<Outgoing> messages) {
                List<Outgoing> left = queue.send(messages);
                while (!unwritten.isEmpty()) {
                    unwritten.remove().run();
                }
                return left;
            }
        };
        return ports.withStore(store).withQueue(queue);
    }

    /** As if no step had been read, and no message sent again, since. */
    static Dispatch withSendingOf(Dispatch dispatch, Dispatch before) {
        Dispatch.Progress progress = dispatch.progress();
        return dispatch(
                dispatch,
                new Dispatch.Sending(
                        dispatch.sending().sentAt(),
                        before.sending().lastSentAt(),
                        before.sending().resends()),
                withReading(progress, before.progress().reading()),
                dispatch.schedule(),
                dispatch.version());
    }

    private static Dispatch.Progress withReading(Dispatch.Progress progress, Dispatch.Reading reading) {
        return new Dispatch.Progress(
                progress.finished(), progress.finishedCounts(), progress.openCounts(), progress.countedAt(), reading);
    }

    private static Dispatch dispatch(
            Dispatch dispatch,
            Dispatch.Sending sending,
            Dispatch.Progress progress,
            Dispatch.Schedule schedule,
            long version) {
        return new Dispatch(
                dispatch.id(), dispatch.accepted(), sending, progress, schedule, dispatch.refresh(), version);
    }

    static Delivery saying(Delivery delivery, String body) {
        return new Delivery(delivery.messageId(), delivery.receipt(), body, delivery.receiveCount(), delivery.sentAt());
    }

    /** Conditions without the conjuncts that {@code dropped} takes out, by making them what is stored. */
    static Conditions without(BiFunction<StepRecord, Precondition, Precondition> dropped) {
        return (@Nullable StepRecord stored, Precondition expect) ->
                Conditions.ALL.met(stored, stored == null ? expect : dropped.apply(stored, expect));
    }
}
