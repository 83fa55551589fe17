package dev.stepstile.simulation;

import dev.stepstile.protocol.Dispatching;
import dev.stepstile.protocol.Handlers;
import dev.stepstile.protocol.Output;
import dev.stepstile.protocol.StepExecution;
import dev.stepstile.protocol.Stepstile;
import dev.stepstile.protocol.Sweep;
import dev.stepstile.protocol.Tally;
import dev.stepstile.protocol.Timing;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepState;
import dev.stepstile.store.PortException;
import dev.stepstile.store.Ports;
import dev.stepstile.store.StepQueue;
import dev.stepstile.store.StepQueue.Delivery;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.random.RandomGenerator.SplittableGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * The system, whole: the use cases as they are in production, in simulated functions over simulated ports, with clients,
 * an event source mapping and a schedule, all on virtual time and all from one seed.
 */
public final class Simulation {
    private static final Duration POLL = Duration.ofSeconds(20);
    private static final Duration API_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration SWEEPER_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration SWEEPER_RESERVE = Duration.ofSeconds(10);
    private static final Duration RETENTION = Duration.ofDays(14);
    private static final long LOOK_MILLIS = 30_000;
    private static final int BATCH = 10;
    private static final int SWEEP_LATE_MILLIS = 3_000;

    private final Setup setup;
    private final Stage stage;
    private final SplittableGenerator randoms;
    private final Scheduler scheduler;
    private final Trace trace;
    private final SimulatedProcess fate;
    private final PortCalls calls;
    private final Auditor auditor;
    private final SimulatedStepStore store;
    private final SimulatedQueue queue;
    private final SimulatedDeadLetters letters;
    private final SimulatedPayloadStore items;
    private final SimulatedPayloadStore objects;
    private final Ports ports;
    private final Tally tally = new Tally();
    private final SimulatedFunction<Dispatching> dispatchFunction;
    private final SimulatedFunction<StepExecution> stepFunction;
    private final SimulatedFunction<Sweep> sweeperFunction;
    private final SimulatedFunction<Stepstile> runsFunction;
    private int processes;
    private int pending;

    public Simulation(Setup setup) {
        this.setup = setup;
        this.stage = setup.stage();
        this.randoms = RandomGeneratorFactory.<SplittableGenerator>of("L64X128MixRandom")
                .create(setup.seed());
        this.scheduler = new Scheduler(randoms.split());
        this.trace = new Trace(setup.traced());
        this.fate = new SimulatedProcess(scheduler, "fate", Duration.ZERO, randoms.split());
        this.calls = new PortCalls(scheduler, randoms.split(), setup.faults(), setup.weather(), trace, fate);
        this.auditor = new Auditor(scheduler, stage, setup.weather().calm() && stage.missedSweeps() == 0);
        this.store = new SimulatedStepStore(calls, scheduler, randoms.split(), setup.conditions(), auditor);
        this.queue = new SimulatedQueue(calls, scheduler, randoms.split(), auditor, stage.visibility(), RETENTION);
        this.letters = new SimulatedDeadLetters(calls, queue, auditor);
        this.items = new SimulatedPayloadStore(calls, "items");
        this.objects = new SimulatedPayloadStore(calls, "objects");
        this.ports = new Ports(store, queue, letters, items, objects);
        this.dispatchFunction = function("dispatch", API_TIMEOUT, s -> s.dispatching(stage.shards()));
        this.stepFunction = new SimulatedFunction<>(
                scheduler,
                stage.stepTimeout(),
                () -> process("step"),
                worker -> stepstile("step", worker)
                        .execution(
                                new Handlers(List.of(new SimulatedHandler(worker.world()))),
                                Output.UNCAPTURED,
                                setup.engine()));
        this.sweeperFunction = function("sweeper", SWEEPER_TIMEOUT, Stepstile::sweep);
        this.runsFunction = function("runs", API_TIMEOUT, s -> s);
        for (int i = 0; i < stage.workers(); i++) {
            service("poller", this::poll);
        }
        service("schedule", this::schedule);
        fate.start("watch", this::watch);
    }

    private <S> SimulatedFunction<S> function(String name, Duration timeout, Function<Stepstile, S> start) {
        return new SimulatedFunction<>(
                scheduler, timeout, () -> process(name), process -> start.apply(stepstile(name, process)));
    }

    private Stepstile stepstile(String function, SimulatedProcess process) {
        return new Stepstile(seenBy(function), stage.timing(), process.world(), tally);
    }

    private Ports seenBy(String function) {
        return setup.mistake().in(function, ports, this);
    }

    private SimulatedProcess process(String name) {
        RandomGenerator random = randoms.split();
        long most = stage.maxSkew().toMillis();
        Duration skew = Duration.ofMillis(most == 0 ? 0 : random.nextLong(-most, most + 1));
        return new SimulatedProcess(scheduler, name + "-" + ++processes, skew, random);
    }

    /** A process that is started again a second after it died. */
    private void service(String name, Consumer<SimulatedProcess> body) {
        fate.start("keeps " + name, () -> {
            while (true) {
                SimulatedProcess process = process(name);
                process.start("main", () -> body.accept(process));
                while (process.alive()) {
                    scheduler.awaitUninterruptibly(process.watchers(), Scheduler.NEVER);
                }
                scheduler.pause(1_000);
            }
        });
    }

    /** The event source mapping: receives, has the function execute, deletes what may be deleted. */
    private void poll(SimulatedProcess poller) {
        StepQueue polled = seenBy("poller").queue();
        while (true) {
            try {
                List<Delivery> batch = polled.receive(BATCH, POLL);
                boolean throttled =
                        stage.throttled() > 0 && poller.world().random().nextDouble() < stage.throttled();
                if (batch.isEmpty() || throttled) {
                    continue;
                }
                Optional<List<String>> stay =
                        stepFunction.invoke((execution, deadline) -> execution.execute(batch, deadline));
                List<String> done = stay.isEmpty()
                        ? List.of()
                        : batch.stream()
                                .filter(delivery -> !stay.get().contains(delivery.messageId()))
                                .map(Delivery::receipt)
                                .toList();
                if (!done.isEmpty()) {
                    polled.delete(done);
                }
            } catch (PortException e) {
                scheduler.pause(500); // it polls on
            }
        }
    }

    private void schedule(SimulatedProcess process) {
        RandomGenerator random = process.world().random();
        long every = stage.timing().sweepEvery().toMillis();
        long next = scheduler.millis() + every;
        while (true) {
            scheduler.pause(next + random.nextInt(SWEEP_LATE_MILLIS) - scheduler.millis());
            next += every;
            int times = random.nextDouble() < stage.missedSweeps()
                    ? 0
                    : random.nextDouble() < stage.doubledSweeps() ? 2 : 1;
            for (int i = 0; i < times; i++) {
                process.start("call", this::sweep);
            }
        }
    }

    private void sweep() {
        sweeperFunction.invoke((sweep, deadline) -> sweep.sweep(deadline.minus(SWEEPER_RESERVE)));
    }

    private void watch() {
        while (true) {
            scheduler.pause(LOOK_MILLIS);
            boolean idle = dispatchFunction.running()
                            + stepFunction.running()
                            + sweeperFunction.running()
                            + runsFunction.running()
                    == 0;
            if (pending == 0 && idle && store.allClosed() && queue.empty()) {
                scheduler.stop();
            }
        }
    }

    /** Does something at a time, beside all else. */
    public void at(Duration start, String name, Runnable action) {
        pending++;
        SimulatedProcess client = process(name);
        scheduler.startAt(Scheduler.START.plus(start).toEpochMilli(), client, "main", () -> {
            action.run();
            pending--;
        });
    }

    /** A client asks the runs function; empty if it got no answer. To be called by an action of {@link #at}. */
    public <T> Optional<T> ask(Function<Stepstile, T> question) {
        return runsFunction.invoke((stepstile, deadline) -> question.apply(stepstile));
    }

    /** A client hands over steps. */
    public void dispatch(Duration start, Dispatching.Request request) {
        auditor.asked(request);
        at(start, "client", () -> {
            int tries = stage.clientRetries() ? 10 : 1;
            for (int i = 0; i < tries; i++) {
                if (dispatchFunction
                        .invoke((dispatching, deadline) -> dispatching.dispatch(request))
                        .isPresent()) {
                    return;
                }
                scheduler.pause(5_000);
            }
        });
    }

    /** A client cancels a run; it calls once, whatever comes back. */
    public void cancel(Duration start, String runId) {
        at(
                start,
                "canceller",
                () -> runsFunction.invoke(
                        (stepstile, deadline) -> stepstile.cancelling().cancel(runId, deadline)));
    }

    /** A client redrives what has one of these states (all that can be, if empty) and keys (all, if empty). */
    public void redrive(Duration start, String runId, Set<StepState.Name> states, Set<String> keys) {
        at(
                start,
                "redriver",
                () -> runsFunction.invoke((stepstile, deadline) -> {
                    Optional<Run> run = stepstile.queries().run(runId);
                    return run.isEmpty() ? 0 : stepstile.redriving().redrive(run.get(), states, keys, deadline);
                }));
    }

    /** Runs until all is done: nothing asked for is left, every dispatch is closed and the queue is empty. */
    public Outcome run(Duration atMost) {
        scheduler.run(Scheduler.START.plus(atMost));
        auditor.conclude(store, queue);
        return new Outcome(
                auditor.violations(),
                trace.hash(),
                calls.count(),
                Duration.between(Scheduler.START, scheduler.now()),
                auditor.recoveries(),
                trace.lines());
    }

    /** What was counted, all functions together. */
    public Tally tally() {
        return tally;
    }

    Timing timing() {
        return stage.timing();
    }

    Instant now() {
        return scheduler.now();
    }

    Scheduler scheduler() {
        return scheduler;
    }

    SimulatedStepStore store() {
        return store;
    }

    SimulatedQueue queue() {
        return queue;
    }

    SimulatedDeadLetters letters() {
        return letters;
    }

    SimulatedPayloadStore items() {
        return items;
    }

    SimulatedPayloadStore objects() {
        return objects;
    }
}
