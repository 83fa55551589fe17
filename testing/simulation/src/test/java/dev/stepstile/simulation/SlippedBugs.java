package dev.stepstile.simulation;

import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.testing.PassingTasks;
import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Mistakes of kinds that the simulator once did not see. */
final class SlippedBugs {
    private SlippedBugs() {}

    static final List<SeededBug> ALL = List.of(
            SeededBug.of(
                    "A worker that was revoked lets its handler go on",
                    () -> Mistakes.worker(runtime -> Mistakes.with(runtime, new PassingTasks(runtime.tasks()) {
                        @Override
                        public <T> Task<T> forkUserCode(String name, Callable<T> work) {
                            return new Deaf<>(super.forkUserCode(name, work));
                        }
                    }))),
            SeededBug.of(
                    "A lease is renewed at every third heartbeat alone",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public Optional<Set<StepId>> renew(WorkerRecord next) {
                            return next.beat() % 3 == 0 ? super.renew(next) : Optional.of(Set.of());
                        }
                    })),
            SeededBug.of(
                    "Results are never stored",
                    () -> Mistakes.payloads("step", payloads -> new PassingPayloads(payloads) {
                        @Override
                        public void put(String key, byte[] content) {}
                    })),
            SeededBug.store("A cursor of the feed skips an entry", "runs", store -> new PassingStore(store) {
                @Override
                public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
                    List<FeedEntry> entries = store.feed(runId, shard, afterPosition, limit);
                    return afterPosition == null || entries.isEmpty() ? entries : entries.subList(1, entries.size());
                }
            }),
            SeededBug.of("Pages are written after the record", () -> SlippedBugs::pagesLast),
            SeededBug.store(
                    "An expiry ignores that the step is cancelled", "sweeper", store -> new PassingStore(store) {
                        @Override
                        public WriteResult write(StepRecord next, Precondition expect) {
                            boolean expires = next.state() instanceof StepState.Cancelled
                                    && !next.history().isEmpty()
                                    && next.history().getLast().cause() == StepError.Kind.WORKER_LOST
                                    && expect instanceof Precondition.AsRead read
                                    && read.fence().state() == StepState.Name.RUNNING;
                            Instant now =
                                    next.state() instanceof StepState.Ended ended ? ended.finishedAt() : Instant.EPOCH;
                            return store.write(expires ? Mistakes.in(next, new StepState.Retrying(now)) : next, expect);
                        }
                    }),
            SeededBug.store(
                    "What a cancel did not reach, no sweep finishes", "sweeper", store -> new PassingStore(store) {
                        @Override
                        public Optional<Run> run(String runId) {
                            return store.run(runId).map(run -> new Run(run.runId(), run.createdAt(), run.shards(), 0));
                        }
                    }),
            SeededBug.of("Messages are sent before their dispatch is written", () -> SlippedBugs::sentFirst),
            SeededBug.of(
                    "What the queue did not take counts as taken",
                    () -> (function, ports, simulation) -> Mistakes.with(ports, new PassingQueue(ports.queue()) {
                        @Override
                        public List<Outgoing> send(List<Outgoing> messages) {
                            queue.send(messages);
                            return List.of();
                        }
                    })),
            SeededBug.of(
                    "The clocks' margin is left out",
                    () -> Mistakes.timing(
                            Set.of("step", "sweeper"),
                            timing -> Mistakes.times(timing, timing.lease(), Duration.ZERO, timing.validity()))),
            SeededBug.store("One bucket is never swept", "sweeper", store -> new PassingStore(store) {
                @Override
                public List<DispatchId> due(int bucket, Instant until, int limit) {
                    return bucket == 6 ? List.of() : store.due(bucket, until, limit);
                }
            }),
            SeededBug.store("A redrive keeps the spent budget", "runs", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    boolean redrive = next.state() instanceof StepState.Retrying;
                    return store.write(redrive ? Mistakes.budgeted(next, 0) : next, expect);
                }
            }),
            SeededBug.of(
                    "A message is never put back before its visibility timeout ends",
                    () -> Mistakes.queue("step", (queue, simulation) -> new PassingQueue(queue) {
                        @Override
                        public void changeVisibility(String receipt, Duration delay) {}
                    })));

    /** Takes no notice of being stopped, and whoever waits for it waits on. */
    private static final class Deaf<T> extends PassingTasks.PassingTask<T> {
        Deaf(Tasks.Task<T> task) {
            super(task);
        }

        @Override
        public void interrupt() {}

        @Override
        public void giveUp() {}
    }

    private static Ports pagesLast(String function, Ports ports, Simulation simulation) {
        if (!function.equals("step")) {
            return ports;
        }
        Map<StepId, List<LogPage>> later = new HashMap<>();
        StepStore store = new PassingStore(ports.store()) {
            @Override
            public void putPage(LogPage page) {
                later.computeIfAbsent(page.id(), id -> new ArrayList<>()).add(page);
            }

            @Override
            public WriteResult write(StepRecord next, Precondition expect) {
                WriteResult result = store.write(next, expect);
                if (!(next.state() instanceof StepState.Running)) {
                    List<LogPage> pages = later.remove(next.id());
                    (pages == null ? List.<LogPage>of() : pages).forEach(store::putPage);
                }
                return result;
            }
        };
        return Mistakes.with(ports, store);
    }

    /** The dispatch is written only when it is said to be sent. */
    private static Ports sentFirst(String function, Ports ports, Simulation simulation) {
        if (!function.equals("dispatch")) {
            return ports;
        }
        StepStore store = new PassingStore(ports.store()) {
            private final Map<String, Dispatch> unwritten = new HashMap<>();

            @Override
            public Optional<Dispatch> putDispatchIfAbsent(Dispatch dispatch) {
                Optional<Dispatch> existing = store.dispatch(dispatch.runId(), dispatch.dispatchId());
                if (existing.isEmpty()) {
                    unwritten.put(dispatch.dispatchId(), dispatch);
                }
                return existing;
            }

            @Override
            public boolean replace(Dispatch next) {
                Dispatch dispatch = unwritten.remove(next.dispatchId());
                if (dispatch != null) {
                    store.putDispatchIfAbsent(dispatch);
                }
                return store.replace(next);
            }
        };
        return Mistakes.with(ports, store);
    }

    static boolean lostWorker(FailedAttempt note) {
        return note.cause() == StepError.Kind.WORKER_LOST;
    }
}
