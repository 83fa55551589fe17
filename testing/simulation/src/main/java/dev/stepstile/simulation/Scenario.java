package dev.stepstile.simulation;

import dev.stepstile.simulation.faults.FullDisk;
import dev.stepstile.simulation.system.SimulatedHandler;
import dev.stepstile.step.Moment;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Times;
import dev.stepstile.usecase.Dispatcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/** What is asked of a simulated system. */
@FunctionalInterface
public interface Scenario {
    String RUN = "r";

    void on(Simulation simulation);

    /** This scenario while the disks are full for a window of time. */
    default Scenario during(FullDisk window) {
        return simulation -> {
            simulation.fillDisks(window);
            on(simulation);
        };
    }

    /** This scenario, while operators audit every run each so often. */
    default Scenario audited(Duration every) {
        return simulation -> {
            on(simulation);
            simulation.auditLive(every);
        };
    }

    /** Runs it to its end, or for two virtual days. */
    default Outcome play(SimulationConfig config) {
        return staged(config).run(Duration.ofDays(2));
    }

    default Simulation staged(SimulationConfig config) {
        Simulation simulation = new Simulation(config);
        on(simulation);
        return simulation;
    }

    Scenario ONE_STEP = simulation -> simulation.dispatch(Duration.ZERO, request("d", step("a", 2, 100, 0)));

    /** Two steps; one of them fails once and is tried again. */
    Scenario RETRY =
            simulation -> simulation.dispatch(Duration.ZERO, request("d", step("a", 2, 100, 1), step("b", 2, 100, 0)));

    /** A step dies of its failures, and is redriven. */
    Scenario REDRIVE = simulation -> {
        simulation.dispatch(Duration.ZERO, request("d", step("a", 1, 100, 1), step("b", 2, 100, 0)));
        simulation.redrive(Duration.ofSeconds(90), RUN, StepState.REDRIVABLE, Set.of());
    };

    /** A run is cancelled while one step works and another waits to be tried again. */
    Scenario CANCEL = simulation -> {
        simulation.dispatch(Duration.ZERO, request("d", step("a", 2, 60_000, 0), step("b", 3, 100, 3)));
        simulation.cancel(Duration.ofSeconds(10), RUN);
    };

    /** A step works for longer than its lease. */
    Scenario LONG_STEP = simulation -> simulation.dispatch(Duration.ZERO, request("d", step("a", 2, 150_000, 0)));

    /** @param attempts how many it may have */
    static Dispatcher.NewStep step(String key, int attempts, long millis, int failures) {
        return new Dispatcher.NewStep(
                key,
                SimulatedHandler.NAME,
                "{\"millis\":" + millis + ",\"failures\":" + failures + ",\"terminal\":false,\"lines\":1}",
                new RetryPolicy(attempts, Duration.ofSeconds(20), Duration.ofMinutes(1)),
                Duration.ofMinutes(5),
                new TreeMap<>());
    }

    /** The step, which may start so long after its dispatch. */
    static Dispatcher.NewStep delayed(Dispatcher.NewStep step, Duration delay) {
        return new Dispatcher.NewStep(
                step.key(),
                step.handler(),
                step.input(),
                step.retry(),
                step.timeout(),
                step.tags(),
                new Times(new Moment.After(delay), null));
    }

    /** The step, which ends so long after its dispatch at the latest. */
    static Dispatcher.NewStep timed(Dispatcher.NewStep step, Duration deadline) {
        return new Dispatcher.NewStep(
                step.key(),
                step.handler(),
                step.input(),
                step.retry(),
                step.timeout(),
                step.tags(),
                new Times(null, new Moment.After(deadline)));
    }

    static Dispatcher.Request request(String dispatchId, Dispatcher.NewStep... steps) {
        return new Dispatcher.Request(RUN, dispatchId, List.of(steps), new TreeMap<>());
    }

    static Dispatcher.Request many(String dispatchId, int steps, long millis) {
        return many(dispatchId, dispatchId, steps, 3, millis, 0);
    }

    /** @param keys what the steps' keys begin with */
    static Dispatcher.Request many(String dispatchId, String keys, int steps, int attempts, long millis, int failures) {
        List<Dispatcher.NewStep> all = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            all.add(step(keys + "-" + i, attempts, millis, failures));
        }
        return new Dispatcher.Request(RUN, dispatchId, all, new TreeMap<>());
    }
}
