package dev.stepstile.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.stepstile.model.Exploration.Bounds;
import dev.stepstile.model.Exploration.Found;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The real use cases, explored as a model: safe in every state, and a way to the end from each in which nobody acts. */
class ModelTest {
    private static final Bounds ONE_LEAP = Bounds.NONE.leaps(1);
    private static final String CLOSED = "closed, and a step is not at rest";

    private static Found explored(int steps, Mistake mistake, Bounds bounds, int most) {
        long start = System.nanoTime();
        Found found = new Exploration(steps, mistake).explore(bounds, most);
        System.out.printf(
                "model, %d steps, %s, %s: %d states%s, %d of them followed to the end, %d ms%n",
                steps,
                mistake,
                bounds,
                found.states(),
                found.complete() ? "" : " (the nearest)",
                found.settled(),
                (System.nanoTime() - start) / 1_000_000);
        return found;
    }

    /** Small worlds, each with something of its own that goes wrong: in verify the nearest states of each. */
    private static List<Arguments> worlds() {
        return List.of(
                arguments(1, ONE_LEAP.redeliveries(1)),
                arguments(1, ONE_LEAP.crashes(1)),
                arguments(1, ONE_LEAP.losses(1)),
                arguments(1, ONE_LEAP.cancels(1)),
                arguments(1, ONE_LEAP.redrives(1)),
                arguments(1, ONE_LEAP.moves(1)),
                arguments(1, Bounds.NONE.failures(1)),
                arguments(1, Bounds.NONE.cancels(1).redrives(1)),
                arguments(2, Bounds.NONE),
                arguments(2, Bounds.NONE.redeliveries(1)),
                arguments(2, Bounds.NONE.crashes(1)),
                arguments(2, Bounds.NONE.cancels(1)),
                arguments(2, ONE_LEAP));
    }

    @ParameterizedTest
    @MethodSource("worlds")
    void holds_in_the_nearest_states_of(int steps, Bounds bounds) {
        assertThat(explored(steps, Mistake.NONE, bounds, 4_000).wrong()).isEmpty();
    }

    @Tag("full")
    @ParameterizedTest
    @MethodSource("worlds")
    void holds_in_each_state_of(int steps, Bounds bounds) {
        assertThat(explored(steps, Mistake.NONE, bounds, 150_000).wrong()).isEmpty();
    }

    private static List<Arguments> mistakes() {
        String zombie = "the fence went back";
        return List.of(
                arguments(Mistake.UNFENCED, ONE_LEAP.redeliveries(1), zombie),
                arguments(Mistake.STALE_SWEEP, ONE_LEAP, "a result was changed"),
                arguments(
                        Mistake.CLAIM_WITHOUT_CONDITION, Bounds.NONE.redeliveries(1), "two owners have the same fence"),
                arguments(
                        Mistake.HEARTBEAT_OVERLOOKED, ONE_LEAP, "a step was taken from an owner whose lease was valid"),
                arguments(
                        Mistake.ACKNOWLEDGED_FIRST,
                        Bounds.NONE,
                        "a message was deleted, and its step is not in the table"),
                arguments(Mistake.MARKED_BEFORE_BURIED, Bounds.NONE, "marked buried, and there is no letter"),
                arguments(Mistake.REDRIVE_WITHOUT_REOPENING, ONE_LEAP.redrives(1), CLOSED),
                arguments(Mistake.REDRIVE_RESETS_THE_FENCE, Bounds.NONE.redrives(1), zombie),
                arguments(Mistake.CLOSED_WITHOUT_VERSION, ONE_LEAP.redrives(1), CLOSED),
                arguments(Mistake.LOSS_OVERLOOKED, Bounds.NONE.losses(1), "no step of it ends any more"));
    }

    /** They take tens of thousands of states to see. */
    private static List<Arguments> rareMistakes() {
        return List.of(
                arguments(Mistake.CLOSED_THOUGH_KEPT_OPEN, ONE_LEAP.moves(1), CLOSED),
                arguments(
                        Mistake.LETTER_OF_ANY_ATTEMPT,
                        Bounds.NONE.moves(1).redeliveries(1),
                        "a letter redrove another death than its own"));
    }

    @Tag("full")
    @ParameterizedTest
    @MethodSource("rareMistakes")
    void finds_the_rare_mistake(Mistake mistake, Bounds bounds, String wrong) {
        finds_the_mistake(mistake, bounds, wrong);
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void finds_the_mistake(Mistake mistake, Bounds bounds, String wrong) {
        assertThat(explored(1, mistake, bounds, 500_000).wrong())
                .hasValueSatisfying(found -> assertThat(found).startsWith(wrong + ":\n  start\n"));
    }

    @Test
    void has_a_world_in_which_each_mistake_is_found() {
        assertThat(Stream.of(mistakes(), rareMistakes()).flatMap(List::stream))
                .extracting(mistake -> mistake.get()[0])
                .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.of(Mistake.NONE)));
    }
}
