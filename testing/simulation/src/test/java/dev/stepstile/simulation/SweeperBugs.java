package dev.stepstile.simulation;

import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Mistakes of the sweeper. */
final class SweeperBugs {
    private SweeperBugs() {}

    static final String FORGETS = "A sweep forgets what it sent again";

    static final String NEVER_GOES_BACK = "A sweep never goes back in the feed";

    /** Chance rarely has a redriver stand still at the one moment that matters. */
    static final String CLOSES_EARLY = "A dispatch is closed while a redriver may write";

    static final List<SeededBug> ALL = List.of(
            queue("A sweep sends nothing", queue -> new PassingQueue(queue) {
                @Override
                public List<Outgoing> send(List<Outgoing> messages) {
                    return List.of();
                }
            }),
            queue("A sweep sends one message of all", queue -> new PassingQueue(queue) {
                @Override
                public List<Outgoing> send(List<Outgoing> messages) {
                    queue.send(messages.subList(0, 1));
                    return List.of();
                }
            }),
            SeededBug.store("A sweep ends nothing at its deadline", "sweeper", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    return next.state() instanceof StepState.Failed failed
                                    && failed.error().kind() == StepError.Kind.DEADLINE
                            ? new WriteResult.Refused(null)
                            : store.write(next, expect);
                }
            }),
            queue("A sweep does not send what could not be sent at first", queue -> new PassingQueue(queue) {
                @Override
                public List<Outgoing> send(List<Outgoing> messages) {
                    return queue.send(messages.stream()
                            .filter(message -> !message.body().contains("\"notBefore\""))
                            .toList());
                }
            }),
            queue("A sweep thinks that the queue always shows messages", queue -> new PassingQueue(queue) {
                @Override
                public boolean anyVisible() {
                    return true;
                }
            }),
            SeededBug.of("A sweep sends before it writes", () -> SweeperBugs::sendsFirst),
            SeededBug.store(NEVER_GOES_BACK, "sweeper", store -> new PassingStore(store) {
                @Override
                public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
                    String after = afterPosition != null && afterPosition.indexOf('#') < 0 // where a sweep begins
                            ? halfAMinuteLater(afterPosition)
                            : afterPosition;
                    return store.feed(runId, shard, after, limit);
                }
            }),
            SeededBug.store(
                    "A sweep counts every end in the feed as a success, unread",
                    "sweeper",
                    store -> new PassingStore(store) {
                        @Override
                        public List<FeedEntry> feed(
                                String runId, int shard, @Nullable String afterPosition, int limit) {
                            return store.feed(runId, shard, afterPosition, limit).stream()
                                    .map(SweeperBugs::success)
                                    .toList();
                        }
                    }),
            SeededBug.store("A sweep reads no step that has not ended", "sweeper", store -> new PassingStore(store) {
                @Override
                public Optional<Dispatch> dispatch(String runId, String dispatchId) {
                    return store.dispatch(runId, dispatchId).map(Mistakes::asIfJustRead);
                }
            }),
            SeededBug.store(
                    "A sweep ends under its worker what is cancelled", "sweeper", store -> new PassingStore(store) {
                        @Override
                        public WriteResult write(StepRecord next, Precondition expect) {
                            boolean asks = next.state() instanceof StepState.Running;
                            return store.write(
                                    asks && next.attempts().newest().startedAt() != null
                                            ? Mistakes.in(
                                                    next,
                                                    new StepState.Cancelled(next.attempts()
                                                            .newest()
                                                            .startedAt()))
                                            : next,
                                    expect);
                        }
                    }),
            SeededBug.store(
                    "A sweep looks at one dispatch of each bucket", "sweeper", store -> new PassingStore(store) {
                        @Override
                        public List<DispatchId> due(int bucket, Instant until, int limit) {
                            List<DispatchId> due = store.due(bucket, until, limit);
                            return due.size() > 1 ? due.subList(0, 1) : due;
                        }
                    }),
            dispatches(
                    "A dispatch is closed while a step waits to be tried again",
                    (before, next) -> next.progress().openCounts().keySet().equals(Set.of(StepState.Name.RETRYING))
                            ? Mistakes.withNextSweepAt(next, null)
                            : next),
            dispatches(
                    "A closed dispatch forgets its counts",
                    (before, next) -> next.closed() ? Mistakes.withoutFinishedCounts(next) : next),
            dispatches(FORGETS, (before, next) -> Mistakes.withSendingOf(next, before)),
            dispatches(
                    "A dispatch is swept once in ten minutes",
                    (before, next) -> next.closed()
                            ? next
                            : Mistakes.withNextSweepAt(
                                    next, next.accepted().createdAt().plusSeconds(600))),
            SeededBug.store(CLOSES_EARLY, "sweeper", store -> new PassingStore(store) {
                @Override
                public Optional<Dispatch> dispatch(String runId, String dispatchId) {
                    return store.dispatch(runId, dispatchId)
                            .map(dispatch -> Mistakes.keptOpenUntil(dispatch, Instant.EPOCH));
                }
            }),
            SeededBug.store(
                    "A sweep closes a dispatch whatever was written to it meanwhile",
                    "sweeper",
                    store -> new PassingStore(store) {
                        @Override
                        public boolean replace(Dispatch next) {
                            return store.replace(next)
                                    || (next.closed()
                                            && store.dispatch(next.runId(), next.dispatchId())
                                                    .filter(now ->
                                                            store.replace(Mistakes.versioned(next, now.version() + 1)))
                                                    .isPresent());
                        }
                    }),
            SeededBug.store("A lost worker costs no attempt", "sweeper", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    boolean lost = next.state() instanceof StepState.Dead dead
                            && dead.error().kind() == StepError.Kind.WORKER_LOST
                            && dead.deadLetteredAt() == null;
                    return store.write(
                            lost && next.attempts().newest().startedAt() != null
                                    ? Mistakes.in(
                                            next,
                                            new StepState.Retrying(
                                                    next.attempts().newest().startedAt()))
                                    : next,
                            expect);
                }
            }),
            SeededBug.store("A lost worker costs the whole budget", "sweeper", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    boolean lost = next.state() instanceof StepState.Retrying
                            && !next.history().isEmpty()
                            && SlippedBugs.lostWorker(next.history().getLast());
                    StepError error = new StepError(StepError.Kind.WORKER_LOST, "lost");
                    Instant now = next.state() instanceof StepState.Retrying(Instant due) ? due : Instant.EPOCH;
                    return store.write(lost ? Mistakes.in(next, new StepState.Dead(error, now, null)) : next, expect);
                }
            }),
            SeededBug.store("A sweep cancels what nobody cancelled", "sweeper", store -> new PassingStore(store) {
                @Override
                public Optional<Run> run(String runId) {
                    return store.run(runId)
                            .map(run -> new Run(run.runId(), run.createdAt(), run.shards(), run.cancelSeq() + 1));
                }
            }),
            SeededBug.store(
                    "A dead step is never marked as dead-lettered", "sweeper", store -> new PassingStore(store) {
                        @Override
                        public List<StepRecord> records(List<StepRef> steps) {
                            return store.records(steps).stream()
                                    .filter(record -> !(record.state() instanceof StepState.Dead))
                                    .toList();
                        }
                    }));

    private static String halfAMinuteLater(String position) {
        return FeedEntry.from(FeedEntry.at(position + "#").plusSeconds(30));
    }

    private static FeedEntry success(FeedEntry entry) {
        return entry instanceof FeedEntry.Ended end
                ? new FeedEntry.Ended(
                        end.stepKey(), end.attempt(), StepState.Name.SUCCEEDED, end.at(), end.pages(), end.result())
                : entry;
    }

    private static SeededBug queue(String what, UnaryOperator<StepQueue> wrong) {
        return SeededBug.of(what, () -> Mistakes.queue("sweeper", (queue, simulation) -> wrong.apply(queue)));
    }

    private interface Swept {
        Dispatch instead(Dispatch before, Dispatch next);
    }

    /** What a sweep writes of a dispatch in the end is wrong. */
    private static SeededBug dispatches(String what, Swept wrong) {
        return SeededBug.store(what, "sweeper", store -> new PassingStore(store) {
            @Override
            public boolean replace(Dispatch next) {
                Optional<Dispatch> before = store.dispatch(next.runId(), next.dispatchId());
                boolean concludes = before.isPresent()
                        && next.progress().countedAt() != null
                        && !next.progress()
                                .countedAt()
                                .equals(before.get().progress().countedAt());
                return store.replace(concludes ? wrong.instead(before.get(), next) : next);
            }
        });
    }

    /** What it makes RETRYING is written only once its message is sent. */
    private static Ports sendsFirst(String function, Ports ports, Simulation simulation) {
        return function.equals("sweeper")
                ? Mistakes.writtenOnceSent(ports, next -> next.state() instanceof StepState.Retrying)
                : ports;
    }
}
