package dev.stepstile.simulation;

/** The simulation itself cannot go on: a hang, a foreign thread, or an actor that threw what nobody awaits. */
public final class SimulationFailed extends RuntimeException {
    SimulationFailed(String message) {
        super(message);
    }

    SimulationFailed(String message, Throwable cause) {
        super(message, cause);
    }
}
