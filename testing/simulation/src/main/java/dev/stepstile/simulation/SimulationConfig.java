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
 */
public record SimulationConfig(
        long seed,
        Cluster cluster,
        Faults faults,
        FaultProfile faultProfile,
        AttemptRunner engine,
        Mistake mistake,
        Watch watch) {

    /**
     * What is done wrong on purpose.
     *
     * @param conditions what the table makes of a conditional write's expectation
     * @param interceptor what stands between the functions and their ports
     */
    public record Mistake(Conditions conditions, Interceptor interceptor) {
        static final Mistake NONE = new Mistake(Conditions.ALL, Interceptor.NONE);
    }

    /**
     * How the run is watched, which changes nothing in it but its end.
     *
     * @param traced whether the lines of the trace are kept
     * @param untilFound whether the first finding ends the run
     * @param listener receives each sample; must not touch the simulation
     */
    public record Watch(boolean traced, boolean untilFound, Consumer<Timeline.Sample> listener) {
        static final Watch NONE = new Watch(false, false, sample -> {});
    }

    /** No faults, no mistakes. */
    public static SimulationConfig of(long seed) {
        return new SimulationConfig(
                seed, Cluster.CALM, Faults.NONE, FaultProfile.CALM, AttemptRunner.DIRECT, Mistake.NONE, Watch.NONE);
    }

    public SimulationConfig with(Cluster other) {
        return new SimulationConfig(seed, other, faults, faultProfile, engine, mistake, watch);
    }

    public SimulationConfig with(Faults other) {
        return new SimulationConfig(seed, cluster, other, faultProfile, engine, mistake, watch);
    }

    public SimulationConfig with(FaultProfile other) {
        return new SimulationConfig(seed, cluster, faults, other, engine, mistake, watch);
    }

    public SimulationConfig with(AttemptRunner other) {
        return new SimulationConfig(seed, cluster, faults, faultProfile, other, mistake, watch);
    }

    public SimulationConfig with(Conditions other) {
        return with(new Mistake(other, mistake.interceptor()));
    }

    public SimulationConfig with(Interceptor other) {
        return with(new Mistake(mistake.conditions(), other));
    }

    private SimulationConfig with(Mistake other) {
        return new SimulationConfig(seed, cluster, faults, faultProfile, engine, other, watch);
    }

    public SimulationConfig withSeed(long other) {
        return new SimulationConfig(other, cluster, faults, faultProfile, engine, mistake, watch);
    }

    public SimulationConfig withTrace() {
        return with(new Watch(true, watch.untilFound(), watch.listener()));
    }

    public SimulationConfig watchedBy(Consumer<Timeline.Sample> listener) {
        return with(new Watch(watch.traced(), watch.untilFound(), listener));
    }

    /** Ends with its first finding: its consequences are not reported. */
    public SimulationConfig untilFirstFinding() {
        return with(new Watch(watch.traced(), true, watch.listener()));
    }

    private SimulationConfig with(Watch other) {
        return new SimulationConfig(seed, cluster, faults, faultProfile, engine, mistake, other);
    }

    /** Whether all is reliable enough for recovery to be bounded in time, but for the faults that are asked for. */
    public boolean bounded() {
        return cluster.bounded() && faultProfile.calm();
    }
}
