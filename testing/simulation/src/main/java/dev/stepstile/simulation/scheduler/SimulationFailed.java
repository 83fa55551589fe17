package dev.stepstile.simulation.scheduler;

/** The simulation itself cannot go on: a hang, a foreign thread, or an actor that threw what nobody awaits. */
public final class SimulationFailed extends RuntimeException {
    public SimulationFailed(String message) {
        super(message);
    }

    public SimulationFailed(String message, Throwable cause) {
        super(message, cause);
    }
}
