package dev.stepstile.simulation;

import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.simulation.ports.Conditions;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A mistake that engines of this kind make, to be found by the simulator.
 *
 * @param classic whether it is one of the five that such systems are known for
 * @param what is done wrong
 * @param changes the setup, with whatever it keeps in mind for one run
 */
public record SeededBug(String what, boolean classic, Supplier<UnaryOperator<SimulationConfig>> changes) {

    static SeededBug of(String what, Supplier<Interceptor> interceptor) {
        return new SeededBug(what, false, () -> {
            Interceptor fresh = interceptor.get();
            return config -> config.with(fresh);
        });
    }

    private static SeededBug classic(String what, Supplier<Interceptor> interceptor) {
        return new SeededBug(what, true, of(what, interceptor).changes());
    }

    static SeededBug store(String what, String function, UnaryOperator<StepStore> wrong) {
        return of(what, () -> Mistakes.store(function, wrong));
    }

    private static SeededBug conditions(String what, Conditions conditions) {
        return new SeededBug(what, false, () -> config -> config.with(conditions));
    }

    /** What lives by messages hides these two from chance. */
    static final String DELETES_UNKNOWN = "A worker deletes its item at its end, whatever is unknown";

    static final String DELETES_FIRST = "A recoverer deletes the item first, and then recovers its steps";

    static final String UNCLAIMED_NOT_SENT = "Steps that a lost worker had not claimed are not sent again";

    /** Such as the literature and other engines know. */
    static final List<SeededBug> KNOWN = List.of(
            classic(
                    "A lease shorter than the work: heartbeats are not sent",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public Optional<Set<StepId>> renew(WorkerRecord next) {
                            return Optional.of(Set.of());
                        }
                    })),
            classic(
                    "A crash between two writes: the message is deleted, then the step is executed",
                    () -> Mistakes.queue("poller", (queue, simulation) -> new PassingQueue(queue) {
                        @Override
                        public List<Delivery> receive(int max, Duration wait) {
                            List<Delivery> batch = queue.receive(max, wait);
                            queue.delete(batch.stream().map(Delivery::receipt).toList());
                            return batch;
                        }
                    })),
            classic("Recovery from stale reads: the sweeper acts on what it read in its last sweep", StaleReads::new),
            classic(
                    "Liveness presumed from silence: a worker without a heartbeat for a third of its lease is revoked",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
                            return super.workers(bucket, afterId, limit).stream()
                                    .map(worker -> Mistakes.leased(
                                            worker,
                                            worker.leaseUntil()
                                                    .minus(Timing.DEFAULT.margin())
                                                    .minus(Timing.DEFAULT
                                                            .heartbeat()
                                                            .multipliedBy(2))))
                                    .toList();
                        }
                    })),
            classic("Transport receives counted as attempts", ReceivesAreAttempts::new),
            conditions(
                    "Completion is not fenced",
                    Mistakes.without((stored, expect) -> expect instanceof Precondition.Fence fence
                            ? new Precondition.Fence(
                                    stored.attempt(), stored.owner(), fence.state(), fence.cancelSeq(), fence.asked())
                            : expect)),
            conditions(
                    "Completion does not look at the state",
                    Mistakes.without((stored, expect) -> expect instanceof Precondition.Fence fence
                            ? new Precondition.Fence(
                                    fence.attempt(),
                                    fence.owner(),
                                    stored.state().name(),
                                    fence.cancelSeq(),
                                    fence.asked())
                            : expect)),
            conditions(
                    "A claim does not look whether there is a record",
                    (stored, expect) -> expect instanceof Precondition.Absent || Conditions.ALL.met(stored, expect)),
            store(
                    "Success and failure are recorded by Powertools' stock store, which puts no condition",
                    "step",
                    StockPowertools::new),
            store(
                    "A lost response is treated as a failure: its own write is taken for another's",
                    "step",
                    store -> new PassingStore(store) {
                        @Override
                        public WriteResult write(StepRecord next, Precondition expect) {
                            WriteResult result = store.write(next, expect);
                            return result instanceof WriteResult.Refused(StepRecord found)
                                            && found != null
                                            && found.owner().equals(next.owner())
                                    ? new WriteResult.Refused(Mistakes.owned(found, "somebody else"))
                                    : result;
                        }
                    }),
            of(
                    "A message that comes again while its step is held is acknowledged",
                    () -> Mistakes.queue("poller", (queue, simulation) -> new PassingQueue(queue) {
                        @Override
                        public List<Delivery> receive(int max, Duration wait) {
                            return queue.receive(max, wait).stream()
                                    .map(delivery -> new Delivery(
                                            delivery.messageId(),
                                            delivery.receipt(),
                                            delivery.body(),
                                            1,
                                            delivery.sentAt()))
                                    .toList();
                        }
                    })),
            of(
                    "A worker is revoked by what was read of it, whatever it has sent since",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public boolean revoke(WorkerRecord read, Instant at) {
                            return worker(read.id())
                                    .map(now -> super.revoke(now, at))
                                    .orElse(false);
                        }
                    })),
            of(
                    "The steps of a silent worker are taken without revoking it",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public boolean revoke(WorkerRecord read, Instant at) {
                            return worker(read.id()).isPresent();
                        }
                    })),
            of(
                    "A worker deletes its item although the outcome of a write is unknown, or it is revoked",
                    () -> Mistakes.workers(EndsAlways::new)),
            of(
                    "A worker's item does not list all that it claims",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public void start(WorkerRecord first) {
                            super.start(WorkerRecord.starting(
                                    first.id(),
                                    first.steps().subList(0, first.steps().size() - 1),
                                    first.leaseUntil()));
                        }
                    })),
            of(
                    "A heartbeat forgets a step",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public Optional<Set<StepId>> renew(WorkerRecord next) {
                            return super.renew(next.steps().size() == 1 ? next : Mistakes.listing(next, 1));
                        }
                    })),
            of(DELETES_UNKNOWN, () -> Mistakes.workers(DeletesAtNextStart::new)),
            of(
                    UNCLAIMED_NOT_SENT,
                    () -> (function, ports, simulation) -> function.equals("step")
                            ? Mistakes.with(ports, new PassingQueue(ports.queue()) {
                                @Override
                                public List<Outgoing> send(List<Outgoing> messages) {
                                    List<Outgoing> claimed = messages.stream()
                                            .filter(message -> MessageCodec.decode(message.body())
                                                            instanceof Decoded.Step(var spec)
                                                    && ports.store()
                                                            .record(spec.id(), spec.shard())
                                                            .isPresent())
                                            .toList();
                                    return claimed.isEmpty() ? claimed : queue.send(claimed);
                                }
                            })
                            : ports),
            of(
                    "A recoverer sends a lost worker's steps before it ends their attempts",
                    () -> SeededBug::sentBeforeEnded),
            of(
                    "A worker trusts a clock that is set back",
                    () -> Mistakes.worker(runtime -> {
                        Instant later = runtime.clock().instant().plusSeconds(10);
                        InstantSource setBack = () -> {
                            Instant now = runtime.clock().instant();
                            return now.isBefore(later) ? now : now.minusSeconds(60);
                        };
                        return new EngineRuntime(setBack, runtime.random(), runtime.ids(), runtime.tasks());
                    })),
            of(
                    "A revoked worker takes no notice",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public Optional<Set<StepId>> renew(WorkerRecord next) {
                            Optional<Set<StepId>> cancels = super.renew(next);
                            return cancels.isPresent() ? cancels : Optional.of(Set.of());
                        }
                    })),
            of(
                    DELETES_FIRST,
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public boolean revoke(WorkerRecord read, Instant at) {
                            boolean revoked = super.revoke(read, at);
                            if (revoked) {
                                super.forget(read.id());
                            }
                            return revoked;
                        }
                    })),
            of(
                    "Nobody looks for silent workers",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
                            return List.of();
                        }
                    })),
            store("A redrive resets the fence", "runs", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    boolean redrive = next.state() instanceof StepState.Retrying;
                    return store.write(redrive ? Mistakes.fenced(next, 0) : next, expect);
                }
            }),
            store("A redrive does not answer the cancel before it", "runs", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    boolean redrive = next.state() instanceof StepState.Retrying;
                    return store.write(redrive ? Mistakes.answering(next, 0) : next, expect);
                }
            }),
            store("A redrive does not reopen its dispatch", "runs", store -> new PassingStore(store) {
                @Override
                public boolean replace(Dispatch next) {
                    return true;
                }
            }),
            of("A step is marked as dead-lettered, then its dead letter is sent", () -> SeededBug::markedFirst),
            store("The sweeper takes a dead step for dead-lettered", "sweeper", store -> new PassingStore(store) {
                @Override
                public List<StepRecord> records(List<StepRef> steps) {
                    return store.records(steps).stream()
                            .map(record -> record.state() instanceof StepState.Dead dead
                                    ? Mistakes.in(
                                            record,
                                            new StepState.Dead(dead.error(), dead.finishedAt(), dead.finishedAt()))
                                    : record)
                            .toList();
                }
            }),
            store(
                    "A worker runs what its message says, not what the first claim pinned",
                    "step",
                    store -> new PassingStore(store) {
                        @Override
                        public WriteResult write(StepRecord next, Precondition expect) {
                            WriteResult result = store.write(next, expect);
                            return result instanceof WriteResult.Refused(StepRecord found) && found != null
                                    ? new WriteResult.Refused(Mistakes.settings(found, next.settings()))
                                    : result;
                        }
                    }),
            store("A log page contains the result before it is recorded", "step", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    if (next.state() instanceof StepState.Succeeded(Payload.Inline(String json), var at)) {
                        store.putPage(new LogPage(next.id(), next.shard(), next.attempt(), 99, at, List.of(json)));
                    }
                    return store.write(next, expect);
                }
            }));

    /** All of them; those of kinds that once slipped through, and those beyond that, in the order of the functions. */
    static final List<SeededBug> ALL = Stream.of(
                    KNOWN, SlippedBugs.ALL, CallerBugs.ALL, PauseBugs.ALL, WorkerBugs.ALL, SweeperBugs.ALL)
            .flatMap(List::stream)
            .toList();

    /** Deletes the item at the end of its batch, whatever it is still needed for. */
    private static final class EndsAlways extends PassingWorkers {
        EndsAlways(WorkerStore workers) {
            super(workers);
        }

        @Override
        public boolean revoke(WorkerRecord read, Instant at) {
            boolean revoked = super.revoke(read, at);
            if (revoked) {
                super.forget(read.id());
                super.start(WorkerRecord.starting(read.id(), read.steps(), read.leaseUntil()));
            }
            return revoked;
        }
    }

    /** Deletes the item that it left, because its outcomes are unknown, when its environment starts the next one. */
    private static final class DeletesAtNextStart extends PassingWorkers {
        private @Nullable String before;

        DeletesAtNextStart(WorkerStore workers) {
            super(workers);
        }

        @Override
        public void start(WorkerRecord first) {
            if (before != null) {
                super.end(before);
            }
            super.start(first);
            before = first.id();
        }
    }

    /** Lost attempts are ended once the messages were sent. */
    private static Ports sentBeforeEnded(String function, Ports ports, Simulation simulation) {
        return function.equals("step")
                ? Mistakes.writtenOnceSent(
                        ports,
                        next -> next.state() instanceof StepState.Retrying
                                && !next.history().isEmpty()
                                && SlippedBugs.lostWorker(next.history().getLast()))
                : ports;
    }

    private static Ports markedFirst(String function, Ports ports, Simulation simulation) {
        Deque<Runnable> unsent = new ArrayDeque<>();
        DeadLetterQueue later = new PassingDeadLetters(ports.deadLetters()) {
            @Override
            public void moveToDeadLetters(String group, String body) {
                unsent.add(() -> ports.deadLetters().moveToDeadLetters(group, body));
            }
        };
        StepStore store = new PassingStore(ports.store()) {
            @Override
            public WriteResult write(StepRecord next, Precondition expect) {
                WriteResult result = store.write(next, expect);
                if (next.state() instanceof StepState.Dead dead && dead.deadLetteredAt() != null) {
                    while (!unsent.isEmpty()) {
                        unsent.remove().run();
                    }
                }
                return result;
            }
        };
        return Mistakes.with(ports, store, later);
    }

    /** The sweeper sees each step as its sweep before saw it, and writes without a condition. */
    private static final class StaleReads implements Interceptor {
        private final Map<StepId, StepRecord> seen = new HashMap<>();

        @Override
        public Ports in(String function, Ports ports, Simulation simulation) {
            return function.equals("sweeper") ? Mistakes.with(ports, stale(ports.store())) : ports;
        }

        private StepStore stale(StepStore fresh) {
            return new Forced(fresh) {
                @Override
                public List<StepRecord> records(List<StepRef> steps) {
                    return store.records(steps).stream()
                            .map(StaleReads.this::before)
                            .toList();
                }

                @Override
                boolean forces(StepRecord next, Precondition expect) {
                    return true;
                }
            };
        }

        private StepRecord before(StepRecord now) {
            StepRecord before = seen.put(now.id(), now);
            return before == null ? now : before;
        }
    }

    /** A claim is numbered by how often its message was received. */
    private static final class ReceivesAreAttempts implements Interceptor {
        private final Map<StepId, Integer> receives = new HashMap<>();

        @Override
        public Ports in(String function, Ports ports, Simulation simulation) {
            return switch (function) {
                case "poller" ->
                    Mistakes.with(ports, new PassingQueue(ports.queue()) {
                        @Override
                        public List<Delivery> receive(int max, Duration wait) {
                            List<Delivery> batch = queue.receive(max, wait);
                            batch.forEach(ReceivesAreAttempts.this::received);
                            return batch;
                        }
                    });
                case "step" ->
                    Mistakes.with(ports, new PassingStore(ports.store()) {
                        @Override
                        public WriteResult write(StepRecord next, Precondition expect) {
                            boolean claim = next.state() instanceof StepState.Running
                                    && !(expect instanceof Precondition.Fence);
                            return store.write(
                                    claim ? Mistakes.attempt(next, receives.getOrDefault(next.id(), 1)) : next, expect);
                        }
                    });
                default -> ports;
            };
        }

        private void received(Delivery delivery) {
            if (MessageCodec.decode(delivery.body()) instanceof Decoded.Step(var spec)) {
                receives.put(spec.id(), delivery.receiveCount());
            }
        }
    }

    public static SeededBug named(String what) {
        return ALL.stream().filter(bug -> bug.what().equals(what)).findFirst().orElseThrow();
    }

    /** A setup without faults, with the mistake. */
    public SimulationConfig config() {
        return changes.get().apply(SimulationConfig.of(1));
    }

    /** What the auditor finds of it with this seed. */
    List<String> found(Hunt hunt, long seed) {
        return hunt.found(seed, changes.get());
    }

    /** Whether one of the hunts finds it with this seed. */
    boolean found(long seed) {
        return Stream.of(Hunt.SPARSE, Hunt.ROUGH, Hunt.PAUSED)
                .anyMatch(hunt -> !found(hunt, seed).isEmpty());
    }
}
