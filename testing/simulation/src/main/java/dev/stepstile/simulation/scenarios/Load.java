package dev.stepstile.simulation.scenarios;

import dev.stepstile.simulation.Simulation;
import dev.stepstile.simulation.system.SimulatedHandler;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Steps that arrive evenly, in dispatches of some hundred and runs of some dispatches, until all have been handed over.
 *
 * @param steps how many in all
 * @param perSecond how many arrive in a second
 * @param work what each does
 */
record Load(int steps, double perSecond, Work work) {
    private static final int DISPATCHES_OF_A_RUN = 4;

    /** Draws what a step does. */
    @FunctionalInterface
    interface Work {
        Dispatcher.NewStep step(String key, RandomGenerator random);
    }

    /** A step of up to so many attempts, which works for so long, and first fails so often. */
    static Dispatcher.NewStep step(String key, int attempts, long millis, int failures, int kills) {
        return new Dispatcher.NewStep(
                key,
                SimulatedHandler.NAME,
                "{\"millis\":" + millis + ",\"failures\":" + failures + ",\"kills\":" + kills + ",\"lines\":0}",
                new RetryPolicy(attempts, Duration.ofSeconds(5), Duration.ofMinutes(1)),
                Duration.ofSeconds(millis / 1_000 + 60),
                new TreeMap<>());
    }

    /** Of a length between the two, short ones as likely as long ones: uniform in its logarithm. */
    static long logUniform(RandomGenerator random, long least, long most) {
        return Math.round(least * Math.pow((double) most / least, random.nextDouble()));
    }

    private int dispatchSize() {
        return Math.clamp(steps / 40, 1, 500);
    }

    private int dispatches() {
        return (steps + dispatchSize() - 1) / dispatchSize();
    }

    int runs() {
        return (dispatches() + DISPATCHES_OF_A_RUN - 1) / DISPATCHES_OF_A_RUN;
    }

    static String runId(int run) {
        return "r" + run;
    }

    /** When the first dispatch of a run is handed over. */
    Duration startOf(int run) {
        return at(run * DISPATCHES_OF_A_RUN);
    }

    private Duration at(int dispatch) {
        return Duration.ofMillis(Math.round(1_000.0 * dispatch * dispatchSize() / perSecond));
    }

    /** When the last steps arrive. */
    Duration length() {
        return at(dispatches());
    }

    void on(Simulation simulation) {
        RandomGenerator random = simulation.loadRandom();
        simulation.dispatchEach(dispatches(), this::at, n -> request(n, random));
    }

    private Dispatcher.Request request(int n, RandomGenerator random) {
        List<Dispatcher.NewStep> all = new ArrayList<>();
        int first = n * dispatchSize();
        for (int i = first; i < Math.min(first + dispatchSize(), steps); i++) {
            all.add(work.step("s" + i, random));
        }
        return new Dispatcher.Request(runId(n / DISPATCHES_OF_A_RUN), "d" + n, all, new TreeMap<>());
    }

    /** Does something again and again while steps arrive. */
    void every(Simulation simulation, Duration first, Duration period, Runnable what) {
        for (Duration at = first; at.compareTo(length()) < 0 || at.equals(first); at = at.plus(period)) {
            simulation.strike(at, what);
        }
    }

    /** Cancels some runs while they are under way. */
    void cancelSome(Simulation simulation, double share) {
        RandomGenerator random = simulation.loadRandom();
        for (int run = 0; run < runs(); run++) {
            if (random.nextDouble() < share) {
                simulation.cancel(startOf(run).plusSeconds(random.nextInt(90)), runId(run));
            }
        }
    }

    /** Redrives what can be redriven of some runs, some of it twice. */
    void redriveSome(Simulation simulation, double share) {
        RandomGenerator random = simulation.loadRandom();
        for (int run = 0; run < runs(); run++) {
            while (random.nextDouble() < share) {
                Duration at = startOf(run).plusSeconds(60 + random.nextInt(400));
                simulation.redrive(at, runId(run), StepState.REDRIVABLE, Set.of());
            }
        }
    }
}
