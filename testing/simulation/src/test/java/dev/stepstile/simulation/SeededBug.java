package dev.stepstile.simulation;

import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepStore;
import dev.stepstile.simulation.ports.Conditions;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

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

    /** Such as the literature and other engines know. */
    static final List<SeededBug> KNOWN = List.of(
            classic(
                    "A lease shorter than the work: heartbeats are not sent",
                    () -> Mistakes.store("step", store -> new PassingStore(store) {
                        @Override
                        public WriteResult write(StepRecord next, Precondition expect) {
                            boolean heartbeat =
                                    next.state() instanceof StepState.Running && expect instanceof Precondition.Fence;
                            return heartbeat ? new WriteResult.Written() : store.write(next, expect);
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
                    "Liveness presumed from silence: a step without a heartbeat for 15 s is taken away",
                    () -> Mistakes.store("sweeper", store -> new Forced(store) {
                        @Override
                        public List<StepRecord> records(List<StepRef> steps) {
                            Duration sooner = Timing.DEFAULT
                                    .lease()
                                    .plus(Timing.DEFAULT.margin())
                                    .minusSeconds(15);
                            return store.records(steps).stream()
                                    .map(record -> record.state() instanceof StepState.Running running
                                            ? Mistakes.in(
                                                    record,
                                                    Mistakes.leased(
                                                            running,
                                                            running.leaseUntil().minus(sooner)))
                                            : record)
                                    .toList();
                        }

                        @Override
                        boolean forces(StepRecord next, Precondition expect) {
                            return expect
                                            instanceof
                                            Precondition.AsRead(var _, var _, StepState.Name state, var _, var _)
                                    && state == StepState.Name.RUNNING;
                        }
                    })),
            classic("Transport receives counted as attempts", ReceivesAreAttempts::new),
            conditions(
                    "Completion is not fenced",
                    Mistakes.without((stored, expect) -> expect instanceof Precondition.Fence fence
                            ? new Precondition.Fence(stored.attempt(), stored.owner(), fence.state(), fence.cancelSeq())
                            : expect)),
            conditions(
                    "Completion does not look at the state",
                    Mistakes.without((stored, expect) -> expect instanceof Precondition.Fence fence
                            ? new Precondition.Fence(
                                    fence.attempt(),
                                    fence.owner(),
                                    stored.state().name(),
                                    fence.cancelSeq())
                            : expect)),
            conditions(
                    "Who takes a step over overlooks a heartbeat",
                    Mistakes.without((stored, expect) -> expect instanceof Precondition.AsRead read
                                    && Conditions.ALL.met(
                                            stored,
                                            new Precondition.Fence(
                                                    read.attempt(), read.owner(), read.state(), read.cancelSeq()))
                            ? Precondition.asRead(stored)
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
            store(
                    "The sweeper acts on an index read alone, which does not know of heartbeats",
                    "sweeper",
                    store -> new Forced(store) {
                        @Override
                        public List<StepRecord> records(List<StepRef> steps) {
                            return store.records(steps).stream()
                                    .map(record -> record.state() instanceof StepState.Running running
                                                    && record.attempts()
                                                                    .newest()
                                                                    .startedAt()
                                                            != null
                                            ? Mistakes.in(
                                                    record,
                                                    Mistakes.leased(
                                                            running,
                                                            record.attempts()
                                                                    .newest()
                                                                    .startedAt()
                                                                    .plus(Timing.DEFAULT.lease())))
                                            : record)
                                    .toList();
                        }

                        @Override
                        boolean forces(StepRecord next, Precondition expect) {
                            return expect
                                            instanceof
                                            Precondition.AsRead(var _, var _, StepState.Name state, var _, var _)
                                    && state == StepState.Name.RUNNING;
                        }
                    }),
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
                    KNOWN, SlippedBugs.ALL, CallerBugs.ALL, WorkerBugs.ALL, SweeperBugs.ALL)
            .flatMap(List::stream)
            .toList();

    private static Ports markedFirst(String function, Ports ports, Simulation simulation) {
        Deque<String> unsent = new ArrayDeque<>();
        DeadLetterQueue later = new DeadLetterQueue() {
            @Override
            public void moveToDeadLetters(String body) {
                unsent.add(body);
            }

            @Override
            public List<String> peek(int max) {
                return ports.deadLetters().peek(max);
            }
        };
        StepStore store = new PassingStore(ports.store()) {
            @Override
            public WriteResult write(StepRecord next, Precondition expect) {
                WriteResult result = store.write(next, expect);
                if (next.state() instanceof StepState.Dead dead && dead.deadLetteredAt() != null) {
                    while (!unsent.isEmpty()) {
                        ports.deadLetters().moveToDeadLetters(unsent.remove());
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
        return !found(Hunt.SPARSE, seed).isEmpty() || !found(Hunt.ROUGH, seed).isEmpty();
    }
}
