package dev.stepstile.usecase;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Attempts;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepTags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/** Batches under one schedule each; what goes wrong is thrown. Loaded by {@link RacyLoader}. */
final class Races {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final Duration HEARTBEAT = Timing.DEFAULT.heartbeat();
    private static final int LINES = 4;

    private final Baton baton;
    private final RacyTasks tasks;
    private final RacyPorts ports = new RacyPorts();
    private final Stepstile stepstile;
    private final TreeSet<String> working = new TreeSet<>();
    private final List<String> stay = new ArrayList<>();
    private int owners;

    private Races(long seed) {
        baton = new Baton(seed);
        tasks = new RacyTasks(baton, START);
        EngineRuntime runtime = new EngineRuntime(tasks::now, new Random(seed), () -> "owner-" + owners++, tasks);
        stepstile = new Stepstile(ports.ports(), Timing.DEFAULT, runtime, (count, n) -> {});
    }

    private static StepSpec spec(String key, int index) {
        return new StepSpec(
                new StepId("r", key),
                0,
                new StepSettings(
                        "d", index, "racy", new RetryPolicy(3, Duration.ZERO, Duration.ZERO), Duration.ofMinutes(10)),
                new Payload.Inline("{}"),
                new TreeMap<>(),
                StepTags.NONE,
                START.plus(Duration.ofDays(14)));
    }

    private interface Work {
        void does(StepContext context) throws InterruptedException;
    }

    private void execute(Work work, String... keys) {
        StepHandler handler = new StepHandler() {
            @Override
            public String name() {
                return "racy";
            }

            @Override
            public StepResult run(StepInput input, StepContext context) throws InterruptedException {
                work.does(context);
                return StepResult.of(context.stepKey());
            }
        };
        List<Delivery> batch = new ArrayList<>();
        for (String key : keys) {
            batch.add(new Delivery(key, key, MessageCodec.step(spec(key, batch.size())), 1, START));
        }
        baton.fork(() -> {
            try {
                stay.addAll(stepstile
                        .execution(new Handlers(List.of(handler)), HandlerOutput.UNCAPTURED, AttemptRunner.DIRECT)
                        .execute(batch, START.plus(Duration.ofMinutes(15))));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    private void log(StepContext context) {
        check(working.add(context.stepKey()), "one step ran twice at once");
        check(!context.stepKey().equals("suspect") || working.size() == 1, "a suspect did not run alone");
        for (int i = 0; i < LINES; i++) {
            context.log("line " + i);
            Baton.reach();
        }
        working.remove(context.stepKey());
    }

    /** Two steps and a suspect, each with a timer that writes pages while it logs and while it ends. */
    static void batch(long seed) {
        Races races = new Races(seed);
        StepSpec suspect = spec("suspect", 2);
        races.ports.put(new StepRecord(
                suspect.id(),
                0,
                suspect.settings(),
                START,
                new Attempts(
                        new Attempts.Newest(1, "lost", START, 0),
                        0,
                        List.of(new FailedAttempt(1, START, START, StepError.Kind.WORKER_LOST, "lost"))),
                StepRecord.AnsweredCalls.NONE,
                new StepState.Retrying(START)));
        races.tasks.ticks(3, Duration.ofSeconds(1), () -> true);
        races.execute(races::log, "one", "two", "suspect");
        races.baton.run();
        check(races.stay.isEmpty(), "not all were acknowledged");
        check(races.ports.workers().ended(), "the worker's item was left");
        for (String key : List.of("one", "two", "suspect")) {
            StepRecord record = races.ports.stored(key);
            check(record.state() instanceof StepState.Succeeded, key + " did not succeed");
            List<List<String>> pages = races.ports.pages(key);
            check(record.attempts().newest().pages() == pages.size(), key + " has other pages than its record counts");
            List<String> lines = pages.stream().flatMap(List::stream).toList();
            check(lines.equals(List.of("line 0", "line 1", "line 2", "line 3")), key + " logged " + lines);
        }
    }

    /** The one heartbeat that brings a cancel meets a handler that is just being started: it is asked to stop. */
    static void cancelled(long seed) {
        Races races = new Races(seed);
        races.tasks.ticks(
                1,
                HEARTBEAT,
                () -> races.ports.has("one") && races.ports.stored("one").cancelSeq() == 1);
        races.execute(context -> races.tasks.awaitInterruption(), "one");
        races.baton.fork(() -> {
            Baton.await(() -> races.ports.has("one"));
            races.ports.workers().askToCancel("the worker", spec("one", 0).id());
            races.recorder()
                    .apply(spec("one", 0).id(), races.ports.stored("one"), new StepEvent.Cancel(spec("one", 0), 1));
        });
        races.baton.run();
        check(races.ports.stored("one").state() instanceof StepState.Cancelled, "not cancelled");
        check(races.stay.isEmpty(), "not acknowledged");
    }

    /** The one heartbeat that is refused, as the worker is revoked, meets a handler that is just being started. */
    static void lost(long seed) {
        Races races = new Races(seed);
        races.tasks.ticks(
                1,
                HEARTBEAT,
                () -> races.ports.has("one") && races.ports.stored("one").attempt() == 2);
        races.execute(context -> races.tasks.awaitInterruption(), "one");
        races.baton.fork(() -> {
            Baton.await(() -> races.ports.has("one"));
            races.ports.workers().revokeAll();
            StepRecord mine = races.ports.stored("one");
            races.ports.put(new StepRecord(
                    mine.id(),
                    0,
                    mine.settings(),
                    START,
                    new Attempts(new Attempts.Newest(2, "another", START, 0), 0, List.of()),
                    StepRecord.AnsweredCalls.NONE,
                    mine.state()));
        });
        races.baton.run();
        check(races.ports.stored("one").owner().equals("another"), "a lost step was written");
        check(races.stay.isEmpty(), "not acknowledged");
    }

    private StepRecorder recorder() {
        return new StepRecorder(
                ports, new EngineRuntime(tasks::now, new Random(0), () -> "nobody", tasks), (count, n) -> {});
    }
}
