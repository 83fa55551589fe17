package dev.stepstile.simulation;

import dev.stepstile.store.Ports;

/** Something done wrong on purpose, by what stands between a function and its ports; to see that it is found. */
@FunctionalInterface
public interface Mistake {
    Mistake NONE = (function, ports, simulation) -> ports;

    /** @param function {@code dispatch}, {@code step}, {@code sweeper}, {@code runs} or {@code poller} */
    Ports in(String function, Ports ports, Simulation simulation);
}
