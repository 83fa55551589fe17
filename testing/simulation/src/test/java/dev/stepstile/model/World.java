package dev.stepstile.model;

import static dev.stepstile.model.StateExploration.Event.CANCEL;
import static dev.stepstile.model.StateExploration.Event.CRASH;
import static dev.stepstile.model.StateExploration.Event.FAILURE;
import static dev.stepstile.model.StateExploration.Event.LEAP;
import static dev.stepstile.model.StateExploration.Event.LOSS;
import static dev.stepstile.model.StateExploration.Event.MOVE;
import static dev.stepstile.model.StateExploration.Event.REDELIVERY;
import static dev.stepstile.model.StateExploration.Event.REDRIVE;

import dev.stepstile.model.StateExploration.Bounds;
import dev.stepstile.model.StateExploration.Event;
import dev.stepstile.model.StateExploration.Found;
import dev.stepstile.simulation.SimulationConfig;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** A small world, with something of its own that goes wrong. */
public record World(int steps, Bounds bounds) {
    public static final List<World> ALL = List.of(
            World.of(1, LEAP, REDELIVERY),
            World.of(1, LEAP, CRASH),
            World.of(1, LEAP, LOSS),
            World.of(1, LEAP, CANCEL),
            World.of(1, LEAP, REDRIVE),
            World.of(1, LEAP, MOVE),
            World.of(1, FAILURE),
            World.of(1, CANCEL, REDRIVE),
            World.of(2),
            World.of(2, REDELIVERY),
            World.of(2, CRASH),
            World.of(2, CANCEL),
            World.of(2, LEAP));

    /** By mistake, where it takes far more than the nearest states to see it. */
    public static final Map<String, World> RARE = Map.of(
            "A sweep closes a dispatch whatever was written to it meanwhile", World.of(1, LEAP, REDRIVE),
            "A dispatch is closed while a redriver may write", World.of(1, LEAP, REDRIVE),
            "A dead letter redrives whatever death it finds", World.of(1, MOVE, REDELIVERY));

    static World of(int steps, Event... events) {
        return new World(steps, Bounds.of(events));
    }

    /** @param most how many states, the nearest ones */
    public Found explored(Supplier<SimulationConfig> config, int most) {
        return new StateExploration(steps, config).explore(bounds, most);
    }
}
