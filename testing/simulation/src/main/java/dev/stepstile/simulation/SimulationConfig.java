package dev.stepstile.simulation;

import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.ports.Conditions;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.usecase.AttemptRunner;
import java.util.function.Consumer;

/**
 * All that a simulation depends on: the same setup gives the same trace.
 *
 * @param engine leads the attempts
 * @param conditions what the table makes of a conditional write's expectation
 * @param interceptor what stands between the functions and their ports
 * @param traced whether the lines of the trace are kept
 * @param untilFound whether the first finding ends the run
 * @param listener is told how it goes; must not touch the simulation
 */
public record SimulationConfig(
        long seed,
        Cluster cluster,
        Faults faults,
        FaultProfile faultProfile,
        AttemptRunner engine,
        Conditions conditions,
        Interceptor interceptor,
        boolean traced,
        Consumer<Timeline.Sample> listener,
        boolean untilFound) {

    /** No faults, no mistakes. */
    public static SimulationConfig of(long seed) {
        return new SimulationConfig(
                seed,
                Cluster.CALM,
                Faults.NONE,
                FaultProfile.CALM,
                AttemptRunner.DIRECT,
                Conditions.ALL,
                Interceptor.NONE,
                false,
                sample -> {},
                false);
    }

    public SimulationConfig with(Cluster other) {
        return new SimulationConfig(
                seed, other, faults, faultProfile, engine, conditions, interceptor, traced, listener, untilFound);
    }

    public SimulationConfig with(Faults other) {
        return new SimulationConfig(
                seed, cluster, other, faultProfile, engine, conditions, interceptor, traced, listener, untilFound);
    }

    public SimulationConfig with(FaultProfile other) {
        return new SimulationConfig(
                seed, cluster, faults, other, engine, conditions, interceptor, traced, listener, untilFound);
    }

    public SimulationConfig with(AttemptRunner other) {
        return new SimulationConfig(
                seed, cluster, faults, faultProfile, other, conditions, interceptor, traced, listener, untilFound);
    }

    public SimulationConfig with(Conditions other) {
        return new SimulationConfig(
                seed, cluster, faults, faultProfile, engine, other, interceptor, traced, listener, untilFound);
    }

    public SimulationConfig with(Interceptor other) {
        return new SimulationConfig(
                seed, cluster, faults, faultProfile, engine, conditions, other, traced, listener, untilFound);
    }

    public SimulationConfig withSeed(long other) {
        return new SimulationConfig(
                other, cluster, faults, faultProfile, engine, conditions, interceptor, traced, listener, untilFound);
    }

    public SimulationConfig withTrace() {
        return new SimulationConfig(
                seed, cluster, faults, faultProfile, engine, conditions, interceptor, true, listener, untilFound);
    }

    public SimulationConfig watchedBy(Consumer<Timeline.Sample> other) {
        return new SimulationConfig(
                seed, cluster, faults, faultProfile, engine, conditions, interceptor, traced, other, untilFound);
    }

    /** Ends with its first finding: what follows from it is not told. */
    public SimulationConfig untilFirstFinding() {
        return new SimulationConfig(
                seed, cluster, faults, faultProfile, engine, conditions, interceptor, traced, listener, true);
    }

    /** Whether all is reliable enough for recovery to be bounded in time, but for the faults that are asked for. */
    public boolean bounded() {
        return cluster.bounded() && faultProfile.calm();
    }
}
