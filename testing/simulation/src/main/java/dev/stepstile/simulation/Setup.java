package dev.stepstile.simulation;

import dev.stepstile.usecase.StepExecution;
import java.util.function.Consumer;

/**
 * All that a simulation depends on: the same setup gives the same trace.
 *
 * @param engine leads the attempts
 * @param conditions what the table makes of a conditional write's expectation
 * @param mistake what stands between the functions and their ports
 * @param traced whether the lines of the trace are kept
 * @param untilFound whether the first finding ends the run
 * @param listener is told how it goes; must not touch the simulation
 */
public record Setup(
        long seed,
        Stage stage,
        Faults faults,
        Weather weather,
        StepExecution.Engine engine,
        Conditions conditions,
        Mistake mistake,
        boolean traced,
        Consumer<Timeline.Sample> listener,
        boolean untilFound) {

    /** No faults, no mistakes. */
    public static Setup of(long seed) {
        return new Setup(
                seed,
                Stage.CALM,
                Faults.NONE,
                Weather.CALM,
                StepExecution.Engine.DIRECT,
                Conditions.ALL,
                Mistake.NONE,
                false,
                sample -> {},
                false);
    }

    public Setup with(Stage other) {
        return new Setup(seed, other, faults, weather, engine, conditions, mistake, traced, listener, untilFound);
    }

    public Setup with(Faults other) {
        return new Setup(seed, stage, other, weather, engine, conditions, mistake, traced, listener, untilFound);
    }

    public Setup with(Weather other) {
        return new Setup(seed, stage, faults, other, engine, conditions, mistake, traced, listener, untilFound);
    }

    public Setup with(StepExecution.Engine other) {
        return new Setup(seed, stage, faults, weather, other, conditions, mistake, traced, listener, untilFound);
    }

    public Setup with(Conditions other) {
        return new Setup(seed, stage, faults, weather, engine, other, mistake, traced, listener, untilFound);
    }

    public Setup with(Mistake other) {
        return new Setup(seed, stage, faults, weather, engine, conditions, other, traced, listener, untilFound);
    }

    public Setup withSeed(long other) {
        return new Setup(other, stage, faults, weather, engine, conditions, mistake, traced, listener, untilFound);
    }

    public Setup withTrace() {
        return new Setup(seed, stage, faults, weather, engine, conditions, mistake, true, listener, untilFound);
    }

    public Setup watchedBy(Consumer<Timeline.Sample> other) {
        return new Setup(seed, stage, faults, weather, engine, conditions, mistake, traced, other, untilFound);
    }

    /** Ends with its first finding: what follows from it is not told. */
    public Setup untilFirstFinding() {
        return new Setup(seed, stage, faults, weather, engine, conditions, mistake, traced, listener, true);
    }

    /** Whether all is reliable enough for recovery to be bounded in time, but for the faults that are asked for. */
    public boolean bounded() {
        return stage.bounded() && weather.calm();
    }
}
