package dev.stepstile.simulation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.StepQueue;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Mistakes of what clients call: dispatch, cancel, redrive, feed, lookup. */
final class CallerBugs {
    private CallerBugs() {}

    static final List<SeededBug> ALL = List.of(
            SeededBug.store("A dispatch does not write its run", "dispatch", store -> new PassingStore(store) {
                @Override
                public Run putRunIfAbsent(Run run) {
                    return run;
                }
            }),
            SeededBug.of(
                    "A dispatch forgets that a step must not start yet",
                    () -> Mistakes.queue("dispatch", (queue, simulation) -> new PassingQueue(queue) {
                        @Override
                        public List<Outgoing> send(List<Outgoing> messages) {
                            return queue.send(
                                    messages.stream().map(CallerBugs::atOnce).toList());
                        }
                    })),
            SeededBug.of(
                    "A manifest is named and not stored",
                    () -> Mistakes.payloads("dispatch", payloads -> new PassingPayloads(payloads) {
                        @Override
                        public void put(String key, byte[] content) {}
                    })),
            SeededBug.of(
                    "A large input is stored in part",
                    () -> Mistakes.payloads("dispatch", payloads -> new PassingPayloads(payloads) {
                        @Override
                        public void put(String key, byte[] content) {
                            payloads.put(key, Arrays.copyOf(content, Math.min(content.length, 16_000)));
                        }
                    })),
            SeededBug.store(
                    "A dispatch says that it is sent before it sends", "dispatch", store -> new PassingStore(store) {
                        @Override
                        public Optional<Dispatch> putDispatchIfAbsent(Dispatch dispatch) {
                            Optional<Dispatch> existing = store.putDispatchIfAbsent(dispatch);
                            if (existing.isEmpty()) {
                                store.replace(dispatch.sent(dispatch.accepted().createdAt()));
                            }
                            return existing;
                        }
                    }),
            SeededBug.of(
                    "A dispatch sends its first ten messages alone",
                    () -> Mistakes.queue("dispatch", (queue, simulation) -> new PassingQueue(queue) {
                        @Override
                        public List<Outgoing> send(List<Outgoing> messages) {
                            queue.send(messages.subList(0, Math.min(10, messages.size())));
                            return List.of();
                        }
                    })),
            SeededBug.of(
                    "A dispatch expires after a minute",
                    () -> Mistakes.timing(
                            Set.of("dispatch"),
                            timing -> Mistakes.times(timing, timing.lease(), timing.margin(), Duration.ofMinutes(1)))),
            SeededBug.store(
                    "A call reaches the first dispatch of its run alone", "runs", store -> new PassingStore(store) {
                        @Override
                        public List<Dispatch> dispatches(String runId) {
                            List<Dispatch> all = store.dispatches(runId);
                            return all.isEmpty() ? all : all.subList(0, 1);
                        }
                    }),
            SeededBug.store("A cancel does not ask what runs to stop", "runs", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    return next.state() instanceof StepState.Running
                            ? new WriteResult.Written()
                            : store.write(next, expect);
                }
            }),
            SeededBug.store("A cancel does not reach what nobody claimed", "runs", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    return expect instanceof Precondition.Absent
                            ? new WriteResult.Written()
                            : store.write(next, expect);
                }
            }),
            SeededBug.store("A cancel of a step cancels its run", "runs", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    if (next.state() instanceof StepState.Cancelled) {
                        store.raiseCancelSeq(next.id().runId());
                    }
                    return store.write(next, expect);
                }
            }),
            SeededBug.of(
                    "A cancel of a step that runs does not ask its worker",
                    () -> (function, ports, simulation) -> function.equals("runs")
                            ? ports.withWorkers(new PassingWorkers(ports.workers()) {
                                @Override
                                public boolean askToCancel(String workerId, StepId step) {
                                    return true;
                                }
                            })
                            : ports),
            SeededBug.of(
                    "A redrive sends nothing",
                    () -> Mistakes.queue("runs", (queue, simulation) -> new PassingQueue(queue) {
                        @Override
                        public List<Outgoing> send(List<Outgoing> messages) {
                            return List.of();
                        }
                    })),
            SeededBug.store("What is redriven waits for an hour", "runs", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    return store.write(
                            next.state() instanceof StepState.Retrying(Instant now)
                                    ? Mistakes.in(next, new StepState.Retrying(now.plusSeconds(3_600)))
                                    : next,
                            expect);
                }
            }),
            SeededBug.store("The feed leaves out what was cancelled", "runs", store -> new PassingStore(store) {
                @Override
                public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
                    return store.feed(runId, shard, afterPosition, limit).stream()
                            .filter(entry -> !(entry instanceof FeedEntry.Ended ended
                                    && ended.state() == StepState.Name.CANCELLED))
                            .toList();
                }
            }),
            SeededBug.store("A full page of the feed ends one entry early", "runs", store -> new PassingStore(store) {
                @Override
                public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
                    List<FeedEntry> page = store.feed(runId, shard, afterPosition, limit);
                    return page.size() == limit ? page.subList(0, limit - 1) : page;
                }
            }),
            SeededBug.of("A lookup answers what it read first", () -> {
                Map<StepId, StepRecord> first = new HashMap<>();
                return Mistakes.store("runs", store -> new PassingStore(store) {
                    @Override
                    public List<StepRecord> records(List<StepRef> steps) {
                        return store.records(steps).stream()
                                .map(record ->
                                        Objects.requireNonNullElse(first.putIfAbsent(record.id(), record), record))
                                .toList();
                    }
                });
            }),
            SeededBug.store("A lookup leaves out its last key", "runs", store -> new PassingStore(store) {
                @Override
                public List<StepRecord> records(List<StepRef> steps) {
                    return store.records(steps.isEmpty() ? steps : steps.subList(0, steps.size() - 1));
                }
            }));

    private static StepQueue.Outgoing atOnce(StepQueue.Outgoing message) {
        ObjectNode body = (ObjectNode) Json.parse(message.body());
        body.remove("notBefore");
        return new StepQueue.Outgoing(message.group(), Json.print(body), Duration.ZERO);
    }
}
