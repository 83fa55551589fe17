package dev.stepstile.model;

import static dev.stepstile.model.StateExploration.Event.LEAP;
import static dev.stepstile.model.StateExploration.Event.LOSS;
import static dev.stepstile.model.StateExploration.Event.REDELIVERY;
import static dev.stepstile.model.StateExploration.Event.REDRIVE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.stepstile.model.StateExploration.Found;
import dev.stepstile.simulation.SeededBug;
import dev.stepstile.simulation.SimulationConfig;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The real use cases, explored as a model: safe in every state, and a way to the end from each in which nobody acts. */
class ModelTest {
    private static final String CLOSED = "closed, and a step is not at rest";

    private static Found explored(World world, Supplier<SimulationConfig> config, int most) {
        long start = System.nanoTime();
        Found found = world.explored(config, most);
        System.out.printf(
                "model, %s: %d states%s, %d of them followed to the end, %d ms%n",
                world,
                found.states(),
                found.complete() ? "" : " (the nearest)",
                found.settled(),
                (System.nanoTime() - start) / 1_000_000);
        return found;
    }

    private static List<World> worlds() {
        return World.ALL;
    }

    private static SimulationConfig asItIs() {
        return SimulationConfig.of(1);
    }

    @ParameterizedTest
    @MethodSource("worlds")
    void holds_in_the_nearest_states_of(World world) {
        assertThat(explored(world, ModelTest::asItIs, 4_000).wrong()).isEmpty();
    }

    @Tag("full")
    @ParameterizedTest
    @MethodSource("worlds")
    void holds_in_each_state_of(World world) {
        assertThat(explored(world, ModelTest::asItIs, 150_000).wrong()).isEmpty();
    }

    private static List<Arguments> mistakes() {
        String zombie = "the fence went back";
        return List.of(
                arguments("Completion is not fenced", World.of(1, LEAP), zombie),
                arguments(
                        "Recovery from stale reads: the sweeper acts on what it read in its last sweep",
                        World.of(1, LEAP),
                        "a result was changed"),
                arguments(
                        "A claim does not look whether there is a record",
                        World.of(1, REDELIVERY),
                        "two owners have the same fence"),
                arguments(
                        "The steps of a silent worker are taken without revoking it",
                        World.of(1, LEAP),
                        "a step was taken over from a worker that was not revoked"),
                arguments(
                        "A crash between two writes: the message is deleted, then the step is executed",
                        World.of(1),
                        "a message was deleted, and its step is not in the table"),
                arguments(
                        "A step is marked as dead-lettered, then its dead letter is sent",
                        World.of(1),
                        "marked as dead-lettered, and there is no dead letter"),
                arguments("A redrive does not reopen its dispatch", World.of(1, LEAP, REDRIVE), CLOSED),
                arguments("A redrive resets the fence", World.of(1, REDRIVE), zombie),
                rare("A sweep closes a dispatch whatever was written to it meanwhile", CLOSED),
                arguments(
                        "A sweep thinks that the queue always shows messages",
                        World.of(1, LOSS),
                        "no step of it ends any more"));
    }

    /** They take tens of thousands of states to see. */
    private static List<Arguments> rareMistakes() {
        return List.of(
                rare("A dispatch is closed while a redriver may write", CLOSED),
                rare(
                        "A dead letter redrives whatever death it finds",
                        "a dead letter redrove another death than its own"));
    }

    private static Arguments rare(String mistake, String wrong) {
        return arguments(mistake, World.RARE.get(mistake), wrong);
    }

    @Tag("full")
    @ParameterizedTest
    @MethodSource("rareMistakes")
    void finds_the_rare_mistake(String mistake, World world, String wrong) {
        finds(mistake, world, wrong, 2_000_000);
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void finds_the_mistake(String mistake, World world, String wrong) {
        finds(mistake, world, wrong, 500_000);
    }

    private static void finds(String mistake, World world, String wrong, int states) {
        assertThat(explored(world, SeededBug.named(mistake)::config, states).wrong())
                .hasValueSatisfying(found -> assertThat(found).startsWith(wrong + ":\n  start\n"));
    }
}
