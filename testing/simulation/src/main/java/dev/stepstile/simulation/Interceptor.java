package dev.stepstile.simulation;

import dev.stepstile.port.Ports;
import dev.stepstile.step.TraceContext;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Timing;
import dev.stepstile.usecase.Traces;
import org.jspecify.annotations.Nullable;

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

    /** Where a process of a function tells its spans; asked once for each process. */
    default Traces traces(String function, Simulation simulation) {
        return Traces.NONE;
    }

    /** The trace in which a client makes a call, asked for each try; null: in none. */
    default @Nullable TraceContext trace(Dispatcher.Request request) {
        return null;
    }

    /** The clock, the tasks and the ids that a process of a function has. */
    default EngineRuntime runtime(String function, EngineRuntime runtime) {
        return runtime;
    }
}
