package dev.stepstile.simulation;

import dev.stepstile.port.Ports;
import dev.stepstile.simulation.audit.Audit;
import dev.stepstile.simulation.audit.Auditor;
import dev.stepstile.simulation.audit.FinalChecks;
import dev.stepstile.simulation.audit.Findings;
import dev.stepstile.simulation.audit.RunLedger;
import dev.stepstile.simulation.faults.FaultInjector;
import dev.stepstile.simulation.faults.FaultLog;
import dev.stepstile.simulation.faults.FullDisk;
import dev.stepstile.simulation.ports.DeletionByAge;
import dev.stepstile.simulation.ports.PortCalls;
import dev.stepstile.simulation.ports.SimulatedDeadLetterQueue;
import dev.stepstile.simulation.ports.SimulatedNotifier;
import dev.stepstile.simulation.ports.SimulatedPauseStore;
import dev.stepstile.simulation.ports.SimulatedPayloadStore;
import dev.stepstile.simulation.ports.SimulatedQueue;
import dev.stepstile.simulation.ports.SimulatedStepStore;
import dev.stepstile.simulation.ports.SimulatedWorkerStore;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.simulation.scheduler.Trace;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.simulation.system.EventSource;
import dev.stepstile.simulation.system.SimulatedFunction;
import dev.stepstile.simulation.system.SimulatedHandler;
import dev.stepstile.simulation.system.SweepSchedule;
import dev.stepstile.step.PauseScope;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.AuditRounds;
import dev.stepstile.usecase.DeadLetters;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.HandlerOutput;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.SelectedSteps;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.StepFilter;
import dev.stepstile.usecase.StepsCanceller;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Sweep;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;
import java.util.random.RandomGenerator.SplittableGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * The system, whole: the use cases as they are in production, in simulated functions over simulated ports, with clients,
 * an event source mapping and a schedule, all on virtual time and all from one seed.
 */
public final class Simulation {
    private static final Duration API_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration SWEEPER_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration RETENTION = Duration.ofDays(14);
    private static final long LOOK_MILLIS = 30_000;

    /** S3's objects, put in one call. */
    private static final long OBJECT_BYTES = 5L * 1024 * 1024 * 1024;

    /** No invocation and no lagging index reaches so far back: what was at rest for so long is forgotten. */
    private static final long FORGET_MILLIS = Duration.ofMinutes(20).toMillis();

    /** So long after its last change, no run is audited any more. */
    private static final long AUDITED_MILLIS = Duration.ofMinutes(3).toMillis();

    /** Of actions that may concern any run. */
    private static final String ANY_RUN = "";

    private final SimulationConfig config;
    private final Cluster cluster;
    private final SplittableGenerator randoms;
    private final Scheduler scheduler;
    private final Trace trace;
    private final SimulatedProcess rootProcess;
    private final PortCalls calls;
    private final FaultInjector faultInjector;
    private final Findings findings;
    private final Auditor auditor;
    private final FinalChecks finalChecks;
    private final Timeline timeline;
    private final SweepSchedule schedule;
    private final DeletionByAge deletion;
    private final SimulatedStepStore store;
    private final SimulatedWorkerStore workers;
    private final SimulatedPauseStore pauses;
    private final SimulatedQueue queue;
    private final SimulatedDeadLetterQueue deadLetters;
    private final SimulatedPayloadStore items;
    private final SimulatedPayloadStore objects;
    private final SimulatedNotifier notifier;
    private final Ports ports;
    private final InMemoryMeter tally = new InMemoryMeter();
    private final SimulatedFunction<Dispatcher> dispatchFunction;
    private final SimulatedFunction<StepExecution> stepFunction;
    private final SimulatedFunction<Sweep> sweeperFunction;
    private final SimulatedFunction<Stepstile> runsFunction;
    private final Map<String, Integer> pendingOf = new HashMap<>();
    private final Set<String> underAudit = new HashSet<>();
    private final Map<String, Long> mostAudited = new HashMap<>();
    private OperatorAudit.Audited audited = OperatorAudit.Audited.NONE;
    private int processes;
    private int pending;

    public Simulation(SimulationConfig config) {
        this.config = config;
        this.cluster = config.cluster();
        this.randoms = randoms(config.seed());
        this.scheduler = new Scheduler(randoms.split());
        this.trace = new Trace(config.watch().traced());
        this.rootProcess = new SimulatedProcess(scheduler, "root", Duration.ZERO, randoms.split());
        this.faultInjector = new FaultInjector(config.faults(), config.faultProfile(), config.seed(), scheduler);
        this.calls = new PortCalls(scheduler, randoms.split(), faultInjector, trace, rootProcess);
        this.findings = new Findings(scheduler, config.watch().untilFound());
        this.deletion = new DeletionByAge(scheduler, new SplittableRandom(config.seed()));
        this.items = new SimulatedPayloadStore(calls, "items", SimulatedStepStore.ITEM_BYTES, deletion);
        this.objects = new SimulatedPayloadStore(calls, "objects", OBJECT_BYTES, deletion);
        this.store = new SimulatedStepStore(
                calls, scheduler, randoms.split(), config.mistake().conditions(), deletion);
        Audit audit = new Audit(scheduler, cluster, config.bounded(), faultInjector.faultLog(), findings);
        this.auditor = new Auditor(audit, store, items, objects);
        this.workers = new SimulatedWorkerStore(calls, scheduler, new SplittableRandom(config.seed()));
        tellEffects();
        this.queue = newQueue();
        this.finalChecks = new FinalChecks(store, findings);
        this.deadLetters = new SimulatedDeadLetterQueue(calls, scheduler, queue, auditor);
        this.notifier = new SimulatedNotifier(calls, scheduler, auditor);
        this.pauses = new SimulatedPauseStore(calls, auditor);
        this.ports =
                new Ports(store, workers, pauses, queue, deadLetters, new Ports.Payloads(items, objects), notifier);
        this.dispatchFunction = function("dispatch", API_TIMEOUT, s -> s.dispatcher(cluster.shards()));
        this.stepFunction =
                new SimulatedFunction<>(scheduler, cluster.stepTimeout(), () -> process("step"), this::execution);
        this.sweeperFunction = function("sweeper", SWEEPER_TIMEOUT, Stepstile::sweep);
        this.runsFunction = function("runs", API_TIMEOUT, s -> s);
        startPollers();
        this.schedule = new SweepSchedule(sweeperFunction, scheduler, cluster);
        service("schedule", schedule::keep);
        this.timeline = new Timeline(this::look, config.watch().listener());
        scheduler.watchedBy(timeline);
        rootProcess.start("watch", this::watch);
    }

    private void tellEffects() {
        store.tells(auditor);
        items.tells(auditor);
        objects.tells(auditor);
        workers.tells(auditor);
    }

    private SimulatedQueue newQueue() {
        return new SimulatedQueue(
                calls,
                scheduler,
                randoms.split(),
                auditor,
                cluster.visibility(),
                RETENTION,
                cluster.surroundings().estimateLag());
    }

    private void startPollers() {
        EventSource source = new EventSource(
                seenBy("poller").queue(),
                stepFunction,
                scheduler,
                cluster.surroundings().throttled(),
                queue::visibleAt,
                auditor);
        for (int i = 0; i < cluster.workers(); i++) {
            service("poller", source::poll);
        }
    }

    private static SplittableGenerator randoms(long seed) {
        return RandomGeneratorFactory.<SplittableGenerator>of("L64X128MixRandom")
                .create(seed);
    }

    private <S> SimulatedFunction<S> function(String name, Duration timeout, Function<Stepstile, S> start) {
        return new SimulatedFunction<>(
                scheduler, timeout, () -> process(name), process -> start.apply(stepstile(name, process)));
    }

    private StepExecution execution(SimulatedProcess worker) {
        return stepstile("step", worker)
                .execution(
                        new Handlers(List.of(new SimulatedHandler(worker, scheduler, auditor))),
                        HandlerOutput.UNCAPTURED,
                        config.engine());
    }

    private Stepstile stepstile(String function, SimulatedProcess process) {
        Interceptor interceptor = config.mistake().interceptor();
        return new Stepstile(
                seenBy(function),
                interceptor.timing(function, cluster.timing()),
                interceptor.runtime(function, process.runtime()),
                tally,
                interceptor.traces(function, this));
    }

    private Ports seenBy(String function) {
        return config.mistake().interceptor().in(function, ports, this);
    }

    private SimulatedProcess process(String name) {
        RandomGenerator random = randoms.split();
        long most = cluster.surroundings().maxSkew().toMillis();
        Duration skew = Duration.ofMillis(most == 0 ? 0 : random.nextLong(-most, most + 1));
        return new SimulatedProcess(scheduler, name + "-" + ++processes, skew, random);
    }

    /** A process that is started again a second after it died. */
    private void service(String name, Consumer<SimulatedProcess> body) {
        rootProcess.start("keeps " + name, () -> {
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

    private void watch() {
        while (true) {
            scheduler.pause(LOOK_MILLIS);
            deletion.deleteDue();
            auditor.look();
            boolean idle = dispatchFunction.running()
                            + stepFunction.running()
                            + sweeperFunction.running()
                            + runsFunction.running()
                    == 0;
            if (pending == 0 && idle && store.allClosed() && queue.empty()) {
                scheduler.stop();
            } else {
                forget();
            }
        }
    }

    /** What has long been at rest is held against what was accepted now, and needs no memory any more. */
    private void forget() {
        for (RunLedger ledger : auditor.runs()) {
            Run run = ledger.run;
            boolean rests = ledger.atRest() && scheduler.millis() - ledger.touchedAt > FORGET_MILLIS;
            if (run != null && rests && !pendingOf.containsKey(ledger.runId) && !pendingOf.containsKey(ANY_RUN)) {
                finalChecks.of(ledger);
                store.forget(run);
                auditor.forget(ledger);
            }
        }
    }

    private Timeline.Sample look(long millis) {
        int ended = 0;
        for (StepState.Name state : StepState.Name.values()) {
            ended += state == StepState.Name.RUNNING
                            || state == StepState.Name.RETRYING
                            || state == StepState.Name.QUEUED
                    ? 0
                    : auditor.records(state);
        }
        return new Timeline.Sample(
                millis,
                new Timeline.Steps(
                        auditor.accepted(),
                        ended,
                        auditor.records(StepState.Name.RUNNING),
                        auditor.records(StepState.Name.RETRYING)),
                queue.visible(),
                queue.size() - queue.visible(),
                stepFunction.running(),
                faultInjector.faultLog().total());
    }

    /** Does something at a time, beside all else; until then no run is forgotten. */
    public void at(Duration start, String name, Runnable action) {
        at(start, name, ANY_RUN, action);
    }

    /** Schedules an event that is not caused by an actor. */
    public void strike(Duration start, Runnable what) {
        pending++;
        scheduler.startAt(Scheduler.START.plus(start).toEpochMilli(), rootProcess, "event", () -> {
            what.run();
            pending--;
        });
    }

    /** Does something that concerns a run, which is kept in mind until then. */
    private void at(Duration start, String name, String runId, Runnable action) {
        pending++;
        pendingOf.merge(runId, 1, Integer::sum);
        SimulatedProcess client = process(name);
        scheduler.startAt(Scheduler.START.plus(start).toEpochMilli(), client, "main", () -> {
            action.run();
            pending--;
            pendingOf.computeIfPresent(runId, (id, n) -> n == 1 ? null : n - 1);
        });
    }

    /** Kills a share of the workers that are executing a batch. */
    public void killWorkers(double share) {
        for (SimulatedProcess worker : stepFunction.busy()) {
            if (rootProcess.runtime().random().nextDouble() < share) {
                faultInjector.faultLog().count("worker killed");
                faultInjector.faultLog().delayed(scheduler.millis(), Duration.ZERO);
                worker.crash();
            }
        }
    }

    /**
     * For a while, a share of the calls of a share of a function's processes to a port fails.
     *
     * @param function {@code step} or {@code sweeper} or …; empty: all
     * @param port {@code store} or {@code queue} or …; empty: all
     */
    public void cut(String function, String port, double processes, double callsShare, Duration length) {
        faultInjector.outages().begin(function, port, processes, callsShare, length);
    }

    /** All ports refuse to write for a while; to be said before the run begins. */
    void fillDisks(FullDisk window) {
        faultInjector.fillDisks(window);
    }

    /** The seed of it all. */
    public long seed() {
        return config.seed();
    }

    /** The schedule calls no sweeper for a while. */
    public void silenceSweeps(Duration length) {
        faultInjector.faultLog().count("schedule paused");
        schedule.silent(length);
    }

    /**
     * From the start on, everything is deleted by its age: a dispatch once the retention is over since it was written last.
     *
     * @param late how much later than that at most
     */
    void deleteByAge(Duration retention, Duration late) {
        deletion.begin(retention, late);
    }

    /** From now on, each call of a port ({@code items}, {@code store} or …) takes so much longer. */
    void slow(String port, Duration longer) {
        calls.slow(port, longer);
    }

    /** A client asks the runs function; empty if it got no answer. To be called by an action of {@link #at}. */
    public <T> Optional<T> ask(Function<Stepstile, T> question) {
        return runsFunction.invoke((stepstile, deadline) -> question.apply(stepstile));
    }

    /** As {@link #ask}, of what may wait. */
    <T> Optional<T> askWaiting(SimulatedFunction.Work<Stepstile, T> work) {
        return runsFunction.invoke(work);
    }

    /** Operators audit every run again and again, until a while after nothing of it has changed. */
    public void auditLive(Duration every) {
        auditLive(every, true);
    }

    /** @param patient false: by a wrong auditor, which looks again at once */
    void auditLive(Duration every, boolean patient) {
        service("auditors", process -> {
            while (true) {
                scheduler.pause(every.toMillis());
                auditor.runs().forEach(ledger -> auditLive(ledger, patient));
            }
        });
    }

    private void auditLive(RunLedger ledger, boolean patient) {
        if (isRecent(ledger) && underAudit.add(ledger.runId)) {
            OperatorAudit audit = new OperatorAudit(this, findings, ledger.runId, patient);
            at(Duration.between(Scheduler.START, scheduler.now()), "operator", ledger.runId, () -> {
                OperatorAudit.Audited of = audit.audit();
                audited = audited.plus(of);
                mostAudited.merge(ledger.runId, of.steps(), Math::max);
                underAudit.remove(ledger.runId);
            });
        }
    }

    /** All runs are audited on a schedule, part by part, until a while after nothing has changed. */
    public void auditRounds(Duration every) {
        service("audit timer", process -> {
            while (true) {
                scheduler.pause(every.toMillis());
                if (auditor.runs().stream().anyMatch(this::isRecent)) {
                    at(Duration.between(Scheduler.START, scheduler.now()), "audit timer", this::auditPart);
                }
            }
        });
    }

    private void auditPart() {
        askWaiting((stepstile, deadline) -> stepstile.auditRounds().audit(deadline))
                .ifPresent(answer -> {
                    if (answer instanceof AuditRounds.Answer.Done(AuditRounds.Report report)) {
                        AuditRounds.Looked looked = report.looked();
                        audited = audited.plus(new OperatorAudit.Audited(
                                looked.runs(), looked.steps(), looked.reads(), report.suspects(), 0));
                        report.violations()
                                .forEach(found -> findings.add(
                                        found.runId() + "/" + found.violation().stepKey(),
                                        "the audit of all runs reports "
                                                + found.violation().kind() + ": "
                                                + found.violation().evidence()));
                    }
                });
    }

    private boolean isRecent(RunLedger ledger) {
        return ledger.run != null && scheduler.millis() - ledger.touchedAt < AUDITED_MILLIS;
    }

    /** How much was audited by {@link #auditLive} and {@link #auditRounds}. */
    OperatorAudit.Audited audited() {
        return audited;
    }

    /** How many different steps {@link #auditLive} looked at: of each run, as many as one audit did. */
    long auditedSteps() {
        return mostAudited.values().stream().mapToLong(Long::longValue).sum();
    }

    /** A client hands over steps. */
    public void dispatch(Duration start, Dispatcher.Request request) {
        auditor.asked(request);
        at(start, "client", request.runId(), () -> call(request));
    }

    private void call(Dispatcher.Request request) {
        int tries = cluster.clientRetries() ? 10 : 1;
        for (int i = 0; i < tries; i++) {
            if (dispatchFunction
                    .invoke((dispatcher, deadline) -> dispatcher.dispatch(
                            request, config.mistake().interceptor().trace(request)))
                    .isPresent()) {
                return;
            }
            scheduler.pause(5_000);
        }
    }

    /** Clients hand over one request after the other; each is made when its time comes, so that there may be many. */
    public void dispatchEach(int count, IntFunction<Duration> start, IntFunction<Dispatcher.Request> requests) {
        dispatchFrom(0, count, start, requests);
    }

    private void dispatchFrom(int n, int count, IntFunction<Duration> start, IntFunction<Dispatcher.Request> requests) {
        if (n == count) {
            return;
        }
        strike(start.apply(n), () -> {
            Dispatcher.Request request = requests.apply(n);
            dispatch(Duration.between(Scheduler.START, scheduler.now()), request);
            dispatchFrom(n + 1, count, start, requests);
        });
    }

    /** For what a load draws by chance. */
    public RandomGenerator loadRandom() {
        return randoms.split();
    }

    /** A client follows a run by its feed until it has long been at rest. */
    public void follow(Duration start, String runId, Duration atMost) {
        at(start, "follower", runId, () -> new FeedFollower(this, findings, auditor.run(runId)).follow(atMost));
    }

    /** A client cancels a run; it calls once, whatever comes back. */
    public void cancel(Duration start, String runId) {
        at(start, "canceller", runId, () -> {
            auditor.cancelAsked(runId);
            runsFunction.invoke((stepstile, deadline) -> {
                long asked = scheduler.millis();
                Optional<SortedMap<StepState.Name, Integer>> counts =
                        stepstile.canceller().cancel(runId, deadline);
                auditor.cancelAnswered(runId, asked);
                return counts;
            });
        });
    }

    /** A client cancels some steps of a run alone; it calls again until all are reached. */
    public void cancelSteps(Duration start, String runId, Set<String> keys) {
        SelectedSteps.Chosen chosen = new SelectedSteps.Chosen(runId, StepFilter.ALL, new TreeSet<>(keys));
        at(start, "canceller", runId, () -> {
            RunLedger.StepsCancel call = auditor.cancelAsked(runId, chosen.keys());
            while (!runsFunction
                    .invoke((stepstile, deadline) -> cancelled(stepstile, chosen, deadline))
                    .orElse(false)) {
                scheduler.pause(2_000);
            }
            call.until = scheduler.millis();
        });
    }

    private boolean cancelled(Stepstile stepstile, SelectedSteps.Chosen chosen, Instant deadline)
            throws InterruptedException {
        long asked = scheduler.millis();
        StepsCanceller.Cancelled done = stepstile.stepsCanceller().cancel(chosen, deadline);
        if (done.complete()) {
            Set<String> reached = new TreeSet<>(chosen.keys());
            done.unknown().forEach(reached::remove);
            auditor.stepsCancelAnswered(chosen.runId(), reached, asked);
        }
        return done.complete();
    }

    /** A client pauses something, and resumes it after a while; it calls again until it is answered. */
    public void pause(Duration start, PauseScope scope, Duration length) {
        at(start, "operator", () -> {
            untilAnswered(stepstile -> {
                stepstile.pauses().pause(scope, "simulated");
                auditor.pauseAnswered(scope, true);
            });
            scheduler.pause(length.toMillis());
            untilAnswered(stepstile -> {
                stepstile.pauses().resume(scope);
                auditor.pauseAnswered(scope, false);
            });
        });
    }

    private void untilAnswered(Consumer<Stepstile> call) {
        while (ask(stepstile -> {
                    call.accept(stepstile);
                    return true;
                })
                .isEmpty()) {
            scheduler.pause(2_000);
        }
    }

    /** A client redrives what has one of these states (all that can be, if empty) and keys (all, if empty). */
    public void redrive(Duration start, String runId, Set<StepState.Name> states, Set<String> keys) {
        at(
                start,
                "redriver",
                runId,
                () -> runsFunction.invoke((stepstile, deadline) -> {
                    long asked = scheduler.millis();
                    Optional<Run> run = stepstile.queries().run(runId);
                    int redriven = run.isEmpty() ? 0 : stepstile.redriver().redrive(run.get(), states, keys, deadline);
                    auditor.redriveAnswered(runId, asked);
                    return redriven;
                }));
    }

    /** An operator redrives the steps of a run's dead letters. */
    public void redriveLetters(Duration start, String runId) {
        DeadLetters.Selection ofRun = new DeadLetters.Selection(runId, Set.of(), null, null, false);
        at(
                start,
                "operator",
                runId,
                () -> runsFunction.invoke((stepstile, deadline) -> {
                    long asked = scheduler.millis();
                    DeadLetters.Retry asTheyAre = new DeadLetters.Retry(StepOverrides.NONE, null, null);
                    DeadLetters.Done done = stepstile.deadLetters().redrive(ofRun, asTheyAre, false, deadline);
                    auditor.redriveAnswered(runId, asked);
                    return done;
                }));
    }

    /** Runs until all is done: nothing asked for is left, every dispatch is closed and the queue is empty. */
    public Outcome run(Duration atMost) {
        scheduler.run(Scheduler.START.plus(atMost));
        if (!queue.empty()) {
            findings.add("queue", queue.size() + " messages were never deleted");
        }
        auditor.runs().forEach(finalChecks::of);
        FaultLog injected = faultInjector.faultLog();
        return new Outcome(
                findings.all(),
                new Outcome.Progress(
                        calls.count(),
                        Duration.between(Scheduler.START, scheduler.now()),
                        auditor.accepted(),
                        finalChecks.ends()),
                counts(),
                auditor.recoveries(),
                new Outcome.Injected(injected.counts(), injected.places(), injected.all()),
                new Outcome.Recording(trace.hash(), timeline.samples(), trace.lines()));
    }

    private SortedMap<Metric, Long> counts() {
        SortedMap<Metric, Long> counts = new TreeMap<>();
        for (Metric count : Metric.values()) {
            counts.put(count, tally.of(count));
        }
        return counts;
    }

    /** What was counted, all functions together. */
    public InMemoryMeter tally() {
        return tally;
    }

    PortCalls calls() {
        return calls;
    }

    Timing timing() {
        return cluster.timing();
    }

    Instant now() {
        return scheduler.now();
    }

    Scheduler scheduler() {
        return scheduler;
    }

    Auditor auditor() {
        return auditor;
    }

    SimulatedStepStore store() {
        return store;
    }

    public SimulatedWorkerStore workers() {
        return workers;
    }

    SimulatedPauseStore pauses() {
        return pauses;
    }

    public SimulatedQueue queue() {
        return queue;
    }

    public SimulatedDeadLetterQueue deadLetters() {
        return deadLetters;
    }

    SimulatedNotifier notifier() {
        return notifier;
    }

    SimulatedPayloadStore items() {
        return items;
    }

    SimulatedPayloadStore objects() {
        return objects;
    }
}
