package dev.stepstile.simulation;

import dev.stepstile.port.Ports;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Timing;

/** Something done wrong on purpose, by what stands between a function and its ports; to see that it is found. */
@FunctionalInterface
public interface Interceptor {
    Interceptor NONE = (function, ports, simulation) -> ports;

    /** @param function {@code dispatch}, {@code step}, {@code sweeper}, {@code runs} or {@code poller} */
    Ports in(String function, Ports ports, Simulation simulation);

    /** The times that a function goes by. */
    default Timing timing(String function, Timing timing) {
        return timing;
    }

    /** The clock, the tasks and the ids that a process of a function has. */
    default EngineRuntime runtime(String function, EngineRuntime runtime) {
        return runtime;
    }
}
