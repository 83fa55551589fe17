package dev.stepstile.simulation.scenarios;

import dev.stepstile.simulation.Scenario;
import dev.stepstile.simulation.Simulation;
import dev.stepstile.simulation.SimulationConfig;
import dev.stepstile.simulation.faults.FullDisk;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.simulation.system.SimulatedHandler;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.PauseScope;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The scenarios, by name: small ones, of which every call is made to go wrong, and loads of any size. */
public final class Scenarios {
    private Scenarios() {}

    /**
     * A scenario by its name.
     *
     * @param what it is, in a few words
     * @param steps how many, unless it is said
     * @param sized for a number of steps
     */
    public record Named(String name, String what, Cluster cluster, int steps, IntFunction<Scenario> sized) {

        /** As it is without faults. */
        public SimulationConfig config(long seed) {
            return SimulationConfig.of(seed).with(cluster);
        }

        public Scenario scenario() {
            return sized.apply(steps);
        }
    }

    public static final Named ONE_STEP = small("one-step", "one step", Scenario.ONE_STEP);
    public static final Named RETRY = small("retried", "two steps, one fails once", Scenario.RETRY);
    public static final Named REDRIVE = small("redriven", "two steps, one dies and is redriven", Scenario.REDRIVE);
    public static final Named CANCEL =
            small("cancelled", "two steps, one works and one waits when the run is cancelled", Scenario.CANCEL);
    public static final Named LONG_STEP = small("long-step", "a step that outlives its lease", Scenario.LONG_STEP);
    public static final Named MOVED_BACK =
            small("moved-back", "a dead letter is moved back by SQS's own redrive", simulation -> {
                simulation.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 1, 100, 1)));
                simulation.at(
                        Duration.ofSeconds(90),
                        "operator",
                        () -> simulation.deadLetters().moveBack(body -> true));
            });
    public static final Named ATTACHED =
            small("attached", "three steps in two dispatches, one of them in both", simulation -> {
                simulation.dispatch(
                        Duration.ZERO,
                        Scenario.request("d", Scenario.step("a", 2, 3_000, 1), Scenario.step("b", 2, 100, 0)));
                simulation.dispatch(
                        Duration.ofSeconds(2),
                        Scenario.request("e", Scenario.step("a", 2, 3_000, 1), Scenario.step("c", 2, 100, 0)));
            });

    public static final Named ATTACHED_MOVED_BACK = small(
            "attached-moved-back", "two dispatches name a step that dies, and its dead letter is moved back", sim -> {
                sim.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 1, 100, 1)));
                sim.dispatch(Duration.ofSeconds(2), Scenario.request("e", Scenario.step("a", 1, 100, 1)));
                sim.at(
                        Duration.ofSeconds(90),
                        "operator",
                        () -> sim.deadLetters().moveBack(body -> true));
            });

    public static final Named DELAYED = small(
            "delayed",
            "two steps that may start later, by messages that the queue delays",
            simulation -> simulation.dispatch(
                    Duration.ZERO,
                    Scenario.request(
                            "d",
                            Scenario.delayed(Scenario.step("a", 2, 100, 1), Duration.ofSeconds(20)),
                            Scenario.delayed(Scenario.step("b", 2, 100, 0), Duration.ofSeconds(70)))));

    public static final Named SENT_LATER = small(
            "sent-later",
            "a step that may start so late that a sweep sends it",
            simulation -> simulation.dispatch(
                    Duration.ZERO,
                    Scenario.request("d", Scenario.delayed(Scenario.step("a", 2, 100, 1), Duration.ofSeconds(1_000)))));

    public static final Named DEADLINE = small(
            "deadline",
            "three steps with a deadline: one works beyond it, one would be retried after it, one is in time",
            simulation -> simulation.dispatch(
                    Duration.ZERO,
                    Scenario.request(
                            "d",
                            Scenario.timed(Scenario.step("a", 2, 90_000, 0), Duration.ofSeconds(30)),
                            Scenario.timed(Scenario.step("b", 9, 9_000, 8), Duration.ofSeconds(30)),
                            Scenario.timed(Scenario.step("c", 2, 100, 0), Duration.ofSeconds(30)))));

    public static final Named PAUSED = small(
            "paused",
            "four steps of a run that is paused while one is to be tried again, one works and others arrive",
            simulation -> {
                simulation.dispatch(
                        Duration.ZERO,
                        Scenario.request("d", Scenario.step("a", 3, 100, 1), Scenario.step("b", 2, 30_000, 0)));
                simulation.pause(Duration.ofSeconds(1), new PauseScope.OfRun(Scenario.RUN), Duration.ofSeconds(50));
                simulation.dispatch(
                        Duration.ofSeconds(20),
                        Scenario.request("e", Scenario.step("b", 2, 30_000, 0), Scenario.step("c", 2, 100, 0)));
                simulation.dispatch(Duration.ofSeconds(49), Scenario.request("f", Scenario.step("g", 2, 100, 0)));
            });

    /** Everything at once. */
    public static final Named BUSY = new Named(
            "busy",
            "64 steps at once: short, long, failing, dying, attached, moved back, cancelled and redriven",
            Cluster.CALM.withWorkers(4),
            64,
            steps -> simulation -> {
                simulation.dispatch(Duration.ZERO, Scenario.many("early", 30, 3_000));
                Scenario.REDRIVE.on(simulation);
                simulation.dispatch(Duration.ofSeconds(20), Scenario.many("late", 16, 130_000));
                simulation.dispatch(Duration.ofSeconds(1), Scenario.many("named", "both", 8, 4, 500, 2));
                simulation.dispatch(Duration.ofSeconds(2), Scenario.many("again", "both", 8, 9, 700, 3));
                simulation.dispatch(Duration.ofSeconds(3), Scenario.many("doomed", "doomed", 8, 1, 100, 1));
                simulation.at(
                        Duration.ofSeconds(70),
                        "operator",
                        () -> simulation.deadLetters().moveBack(body -> body.contains("doomed-1")));
                simulation.cancel(Duration.ofSeconds(200), Scenario.RUN);
                simulation.redrive(Duration.ofSeconds(400), Scenario.RUN, Set.of(StepState.Name.CANCELLED), Set.of());
            });

    /** As busy, while somebody pauses and resumes, and cancels some steps alone. */
    public static final Named PAUSES = new Named(
            "pauses",
            "busy, while its run, its handler and everything are paused and resumed, and some steps are cancelled",
            BUSY.cluster(),
            BUSY.steps(),
            steps -> simulation -> {
                BUSY.scenario().on(simulation);
                RandomGenerator random = simulation.loadRandom();
                List<PauseScope> scopes = List.of(
                        new PauseScope.OfRun(Scenario.RUN),
                        new PauseScope.OfHandler(SimulatedHandler.NAME),
                        new PauseScope.Everything());
                for (int i = 0; i < 4; i++) {
                    PauseScope scope = scopes.get(random.nextInt(scopes.size()));
                    Duration start = Duration.ofMillis(150_000L * i + random.nextInt(120_000));
                    simulation.pause(start, scope, Duration.ofMillis(Load.logUniform(random, 1_000, 200_000)));
                }
                cancelSome(simulation, random);
            });

    /** One to three steps at a time, whatever they do: before the run is cancelled, and after it. */
    private static void cancelSome(Simulation simulation, RandomGenerator random) {
        for (int i = 0; i < 8; i++) {
            Set<String> keys = new TreeSet<>();
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                String keyed = List.of("early-", "late-", "both-", "doomed-").get(random.nextInt(4));
                keys.add(keyed + random.nextInt(8));
            }
            simulation.cancelSteps(Duration.ofMillis(random.nextLong(i < 6 ? 190_000 : 500_000)), Scenario.RUN, keys);
        }
    }

    /** As busy, and for a while, by the seed, nothing can be written. */
    public static final Named FULL_DISK = new Named(
            "full-disk",
            "busy, and for seconds to minutes every write fails because the disks are full",
            BUSY.cluster(),
            BUSY.steps(),
            steps -> simulation ->
                    BUSY.scenario().during(FullDisk.of(simulation.seed())).on(simulation));

    /** One of each, with readers, in surroundings in which delays are bounded. */
    public static final Named VARIED = new Named(
            "varied",
            "120 steps, one of each kind, with readers of the feed",
            Cluster.CALM.withWorkers(6).withEstimateLag(Duration.ofSeconds(5)),
            120,
            steps -> new VariedScenario());

    /** Each kind of target: one that accepts, refuses at first, answers late, or wants nothing. */
    public static final Named NOTIFIED = new Named(
            "notified",
            "five dispatches that notify when they end, one of them again after a redrive",
            Cluster.CALM,
            5,
            steps -> sim -> {
                sim.dispatch(Duration.ZERO, notifying("slow", "slow", Scenario.step("s", 2, 100, 0)));
                sim.dispatch(Duration.ZERO, notifying("accepts", "", Scenario.step("a", 2, 100, 0)));
                sim.dispatch(Duration.ZERO, notifying("refuses", "fails-3", Scenario.step("r", 1, 100, 1)));
                sim.dispatch(Duration.ofSeconds(1), notifying("gone", "gone", Scenario.step("g", 2, 100, 0)));
                sim.dispatch(Duration.ofSeconds(2), notifying("again", "", Scenario.step("b", 1, 100, 1)));
                sim.redrive(Duration.ofSeconds(130), Scenario.RUN, StepState.REDRIVABLE, Set.of("b"));
            });

    private static Dispatcher.Request notifying(String dispatchId, String path, Dispatcher.NewStep step) {
        return new Dispatcher.Request(
                Scenario.RUN,
                dispatchId,
                null,
                List.of(step),
                new TreeMap<>(),
                new TreeMap<>(),
                new NotifyTarget.Webhook("https://target/" + path));
    }

    /** Small ones: one to three steps. */
    public static final List<Named> SMALL = List.of(
            ONE_STEP,
            new Named(
                    "called-once",
                    "one step, by a client that never calls again",
                    Cluster.CALM.withoutClientRetries(),
                    1,
                    steps -> Scenario.ONE_STEP),
            RETRY,
            REDRIVE,
            CANCEL,
            LONG_STEP,
            MOVED_BACK,
            ATTACHED,
            ATTACHED_MOVED_BACK,
            DELAYED,
            DEADLINE,
            PAUSED);

    private static Named small(String name, String what, Scenario scenario) {
        return new Named(name, what, Cluster.CALM, 1, steps -> scenario);
    }

    private static final Load.Work QUICK =
            (key, random) -> Load.step(key, 3, random.nextInt(400), random.nextInt(100) == 0 ? 1 : 0, 0);
    private static final Load.Work SECONDS =
            (key, random) -> Load.step(key, 4, Load.logUniform(random, 200, 20_000), 0, 0);
    private static final Load.Work MINUTES = (key, random) ->
            Load.step(key, 3, Load.logUniform(random, 1_000, 200_000), random.nextInt(4) == 0 ? 1 : 0, 0);
    private static final Load.Work POISONED =
            (key, random) -> Load.step(key, 3, 500 + random.nextInt(2_000), 0, random.nextInt(100) == 0 ? 99 : 0);
    private static final Load.Work DOOMED = (key, random) ->
            Load.step(key, 2, random.nextInt(2_000), random.nextInt(5) == 0 ? 2 + random.nextInt(3) : 0, 0);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    /** Loads: as many steps as are asked for. */
    public static final List<Named> LOADS = List.of(
            load(
                    "steady",
                    "200 short steps a second, one in a hundred fails once",
                    Cluster.LARGE,
                    200,
                    QUICK,
                    (load, s) -> {}),
            new Named("burst", "all at once", Cluster.LARGE, 10_000, steps -> new Load(steps, 1e9, QUICK)::on),
            load(
                    "mixed",
                    "4 steps a second of 1 s to 14 min each",
                    Cluster.LARGE.withWorkers(400),
                    4,
                    (key, random) -> Load.step(key, 3, Load.logUniform(random, 1_000, 14 * 60_000), 0, 0),
                    (load, s) -> {}),
            load(
                    "failures",
                    "10 % of the busy workers are killed each minute",
                    Cluster.LARGE,
                    20,
                    SECONDS,
                    (load, s) -> load.every(s, MINUTE, MINUTE, () -> s.killWorkers(0.1))),
            load(
                    "partition",
                    "a third of the workers is cut from the table, the queue or both, for three minutes of each five",
                    Cluster.LARGE.unbounded(),
                    20,
                    SECONDS,
                    Scenarios::partitions),
            load(
                    "throttle",
                    "the table refuses 30 % of all calls for two minutes of each five",
                    Cluster.LARGE.unbounded(),
                    20,
                    SECONDS,
                    (load, s) -> load.every(
                            s,
                            MINUTE,
                            MINUTE.multipliedBy(5),
                            () -> s.cut("", "store", 1, 0.3, MINUTE.multipliedBy(2)))),
            load(
                    "sweeper-outage",
                    "no sweep for 30 minutes, while 10 % of the busy workers are killed each minute",
                    Cluster.LARGE.unbounded(),
                    20,
                    SECONDS,
                    (load, s) -> {
                        s.strike(MINUTE.multipliedBy(2), () -> s.silenceSweeps(MINUTE.multipliedBy(30)));
                        load.every(s, MINUTE, MINUTE, () -> s.killWorkers(0.1));
                    }),
            load(
                    "poison",
                    "one step in a hundred kills whoever works at it",
                    Cluster.LARGE,
                    20,
                    POISONED,
                    (load, s) -> {}),
            load(
                    "cancel",
                    "two runs of three are cancelled while they are under way",
                    Cluster.LARGE,
                    20,
                    MINUTES,
                    (load, s) -> load.cancelSome(s, 0.67)),
            load(
                    "redrive",
                    "one step in five dies, and runs are redriven, some of them often",
                    Cluster.LARGE,
                    50,
                    DOOMED,
                    (load, s) -> load.redriveSome(s, 0.7)));

    private interface Trouble {
        void on(Load load, Simulation simulation);
    }

    private static Named load(
            String name, String what, Cluster cluster, double perSecond, Load.Work work, Trouble trouble) {
        return new Named(name, what, cluster, 10_000, steps -> simulation -> {
            Load load = new Load(steps, perSecond, work);
            load.on(simulation);
            trouble.on(load, simulation);
        });
    }

    private static void partitions(Load load, Simulation s) {
        Duration period = MINUTE.multipliedBy(15);
        Duration length = MINUTE.multipliedBy(3);
        load.every(s, MINUTE, period, () -> s.cut("step", "store", 0.33, 1, length));
        load.every(s, MINUTE.multipliedBy(6), period, () -> {
            s.cut("poller", "queue", 0.33, 1, length);
            s.cut("step", "queue", 0.33, 1, length);
        });
        load.every(s, MINUTE.multipliedBy(11), period, () -> s.cut("step", "", 0.33, 1, length));
    }

    public static List<Named> all() {
        return Stream.of(LOADS, List.of(BUSY, PAUSES, FULL_DISK, VARIED, NOTIFIED, SENT_LATER), SMALL)
                .flatMap(List::stream)
                .toList();
    }

    /** @throws IllegalArgumentException if there is none, with those that there are */
    public static Named named(String name) {
        return all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No scenario is named '" + name + "'; there are "
                        + all().stream().map(Named::name).collect(Collectors.joining(", ")) + "."));
    }
}
