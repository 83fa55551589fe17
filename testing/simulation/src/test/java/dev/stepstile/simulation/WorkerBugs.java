package dev.stepstile.simulation;

import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Window;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.testing.PassingTasks;
import dev.stepstile.usecase.EngineRuntime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;

/** Mistakes of the function that executes steps. */
final class WorkerBugs {
    private WorkerBugs() {}

    static final List<SeededBug> ALL = List.of(
            SeededBug.of(
                    "A dead letter redrives whatever death it finds",
                    () -> (function, ports, simulation) -> function.equals("poller")
                            ? Mistakes.with(ports, new PassingQueue(ports.queue()) {
                                @Override
                                public List<Delivery> receive(int max, Duration wait) {
                                    return queue.receive(max, wait).stream()
                                            .map(delivery -> Mistakes.saying(
                                                    delivery, ofLatestDeath(delivery.body(), ports.store())))
                                            .toList();
                                }
                            })
                            : ports),
            SeededBug.store("A step is claimed before it is due", "step", store -> new PassingStore(store) {
                @Override
                public WriteResult write(StepRecord next, Precondition expect) {
                    return store.write(next, expect) instanceof WriteResult.Refused(StepRecord found)
                            ? new WriteResult.Refused(
                                    found != null && found.state() instanceof StepState.Retrying
                                            ? Mistakes.in(found, new StepState.Retrying(Instant.EPOCH))
                                            : found)
                            : new WriteResult.Written();
                }
            }),
            writes(
                    "A claim forgets the attempts before",
                    next -> next.state() instanceof StepState.Running ? Mistakes.noted(next, List.of()) : next),
            SeededBug.of("A step that lost a worker runs beside others", () -> {
                Map<StepId, List<FailedAttempt>> hidden = new HashMap<>();
                return Mistakes.store("step", store -> new PassingStore(store) {
                    @Override
                    public WriteResult write(StepRecord next, Precondition expect) {
                        List<FailedAttempt> notes = hidden.remove(next.id());
                        StepRecord whole = notes != null && expect instanceof Precondition.AsRead
                                ? Mistakes.noted(next, notes)
                                : next;
                        WriteResult result = store.write(whole, expect);
                        if (result instanceof WriteResult.Refused(StepRecord found)
                                && found != null
                                && found.suspect()
                                && found.state() instanceof StepState.Retrying) {
                            hidden.put(found.id(), found.history());
                            return new WriteResult.Refused(Mistakes.noted(found, List.of()));
                        }
                        return result;
                    }
                });
            }),
            writes(
                    "The delay that a handler asks for is ignored",
                    next -> failed(next)
                            ? Mistakes.in(
                                    next,
                                    new StepState.Retrying(
                                            next.history().getLast().endedAt()))
                            : next),
            writes(
                    "A failed attempt waits ten times as long",
                    next -> failed(next) && next.state() instanceof StepState.Retrying(Instant due)
                            ? Mistakes.in(
                                    next,
                                    new StepState.Retrying(due.plus(Duration.between(
                                                    next.history().getLast().endedAt(), due)
                                            .multipliedBy(9))))
                            : next),
            writes("A claim forgets the deadline", next -> Mistakes.settings(next, withoutDeadline(next.settings()))),
            writes(
                    "What reaches its deadline is retried",
                    next -> next.state() instanceof StepState.Failed(StepError error, Instant at)
                                    && error.kind() == StepError.Kind.DEADLINE
                            ? Mistakes.in(next, new StepState.Retrying(at))
                            : next),
            writes(
                    "A failure is retried that its step's client excludes",
                    next -> next.state() instanceof StepState.Failed(StepError error, Instant at)
                                    && error.message().contains("not retried: ")
                            ? Mistakes.in(next, new StepState.Retrying(at))
                            : next),
            writes(
                    "A claim forgets which failures are retried",
                    next -> Mistakes.settings(next, withoutRule(next.settings()))),
            writes(
                    "A failure that may be tried again ends the step",
                    next -> failed(next)
                            ? Mistakes.in(
                                    next,
                                    new StepState.Failed(
                                            new StepError(StepError.Kind.HANDLER_FAILED, "failed"),
                                            next.history().getLast().endedAt()))
                            : next),
            SeededBug.of(
                    "An owner's token is minted when the worker starts",
                    () -> Mistakes.worker(runtime -> {
                        String token = runtime.ids().get();
                        return new EngineRuntime(runtime.clock(), runtime.random(), () -> token, runtime.tasks());
                    })),
            SeededBug.of(
                    "Heartbeats go on after the end",
                    () -> Mistakes.worker(runtime -> Mistakes.with(runtime, new PassingTasks(runtime.tasks()) {
                        @Override
                        public Cancellable every(String name, Duration period, Runnable tick) {
                            super.every(name, period, tick);
                            return () -> {};
                        }
                    }))),
            SeededBug.of(
                    "A heartbeat forgets that the step is cancelled",
                    () -> Mistakes.workers(workers -> new PassingWorkers(workers) {
                        @Override
                        public Optional<Set<StepId>> renew(WorkerRecord next) {
                            return super.renew(next).map(cancels -> Set.of());
                        }
                    })),
            SeededBug.of(
                    "A timeout is not held",
                    () -> Mistakes.worker(runtime -> Mistakes.with(runtime, new PassingTasks(runtime.tasks()) {
                        @Override
                        public <T> Task<T> forkUserCode(String name, Callable<T> work) {
                            return new PassingTask<>(super.forkUserCode(name, work)) {
                                @Override
                                public boolean joinUntil(Instant instant) throws InterruptedException {
                                    return super.joinUntil(instant.plus(Duration.ofHours(1)));
                                }
                            };
                        }
                    }))),
            writes(
                    "An end is stamped with its beginning",
                    next -> next.state() instanceof StepState.Succeeded(Payload result, Instant at)
                                    && next.attempts().newest().startedAt() != null
                            ? Mistakes.in(
                                    next,
                                    new StepState.Succeeded(
                                            result, next.attempts().newest().startedAt()))
                            : next),
            pages(
                    "Every page is the first",
                    page -> Optional.of(
                            new LogPage(page.id(), page.shard(), page.attempt(), 0, page.at(), page.lines()))),
            pages("Pages are not written", page -> Optional.empty()),
            SeededBug.of(
                    "A step's results share one key",
                    () -> Mistakes.payloads("step", payloads -> new PassingPayloads(payloads) {
                        @Override
                        public void put(String key, byte[] content) {
                            payloads.put(
                                    key.startsWith("results/") ? key.substring(0, key.lastIndexOf('/')) : key, content);
                        }
                    })),
            SeededBug.of(
                    "A result is cut where it is stored",
                    () -> Mistakes.payloads("step", payloads -> new PassingPayloads(payloads) {
                        @Override
                        public void put(String key, byte[] content) {
                            payloads.put(key, Arrays.copyOf(content, content.length - 1));
                        }
                    })),
            SeededBug.of(
                    "A large input is read as another one",
                    () -> Mistakes.payloads("step", payloads -> new PassingPayloads(payloads) {
                        @Override
                        public Optional<byte[]> get(String key) {
                            return payloads.get(key).map(found -> "{}".getBytes(StandardCharsets.UTF_8));
                        }
                    })),
            SeededBug.of(
                    "A dead step's dead letter is not sent",
                    () -> Mistakes.deadLetters("step", deadLetters -> new PassingDeadLetters(deadLetters) {
                        @Override
                        public void moveToDeadLetters(String group, String body) {}
                    })),
            SeededBug.of(
                    "A worker takes a lease of minutes",
                    () -> Mistakes.timing(
                            Set.of("step"),
                            timing -> Mistakes.times(
                                    timing, timing.lease().multipliedBy(10), timing.margin(), timing.validity()))),
            writes(
                    "A result that is not small is credited to the attempt before",
                    next -> next.state()
                                    instanceof
                                    StepState.Succeeded(Payload.Item(String key, long _, String _), Instant at)
                            ? Mistakes.in(next, new StepState.Succeeded(new Payload.Inline("{}"), at))
                            : next));

    private static SeededBug writes(String what, UnaryOperator<StepRecord> wrong) {
        return SeededBug.store(what, "step", store -> new PassingStore(store) {
            @Override
            public WriteResult write(StepRecord next, Precondition expect) {
                return store.write(wrong.apply(next), expect);
            }
        });
    }

    private static StepSettings withoutDeadline(StepSettings settings) {
        return new StepSettings(
                settings.dispatchId(),
                settings.index(),
                settings.handler(),
                settings.retry(),
                settings.timeout(),
                settings.input(),
                new Window(settings.window().notBefore(), null));
    }

    private static StepSettings withoutRule(StepSettings settings) {
        RetryPolicy retry = settings.retry();
        return new StepSettings(
                settings.dispatchId(),
                settings.index(),
                settings.handler(),
                new RetryPolicy(retry.maxAttempts(), retry.base(), retry.cap()),
                settings.timeout(),
                settings.input(),
                settings.window());
    }

    private interface Pages {
        Optional<LogPage> instead(LogPage page);
    }

    private static SeededBug pages(String what, Pages wrong) {
        return SeededBug.store(what, "step", store -> new PassingStore(store) {
            @Override
            public void putPage(LogPage page) {
                wrong.instead(page).ifPresent(store::putPage);
            }
        });
    }

    /** An attempt that failed by itself, and is to be followed by another. */
    private static boolean failed(StepRecord next) {
        return next.state() instanceof StepState.Retrying
                && !next.history().isEmpty()
                && next.history().getLast().attempt() == next.attempt()
                && next.history().getLast().cause() == StepError.Kind.HANDLER_FAILED
                && next.attempt() > next.attempts().budgetFrom();
    }

    private static String ofLatestDeath(String body, StepStore store) {
        return MessageCodec.decode(body) instanceof MessageCodec.Decoded.MovedBack(StepSpec spec, int _)
                ? store.record(spec.id(), spec.shard())
                        .filter(record -> record.state() instanceof StepState.Dead)
                        .map(record -> DeadLetterCodec.dead(spec, record, (StepState.Dead) record.state()))
                        .orElse(body)
                : body;
    }
}
