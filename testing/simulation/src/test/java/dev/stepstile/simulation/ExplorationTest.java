package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.simulation.exploration.Exploration;
import dev.stepstile.simulation.scenarios.Scenarios;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every guarantee holds whatever goes wrong, at whichever port call. */
class ExplorationTest {
    private static void holds(Exploration exploration) {
        System.out.println(exploration.total() + " executions " + exploration.executions() + ", "
                + exploration.findings().size() + " findings");
        assertThat(exploration.findings()).isEmpty();
    }

    @Nested
    class Any_single_fault {
        @Test
        void leaves_one_step_with_one_result() {
            holds(new Exploration(Scenarios.named("one-step"), 1).singles());
        }

        @Test
        void leaves_one_step_with_one_result_or_nothing_if_the_client_does_not_call_again() {
            holds(new Exploration(Scenarios.named("called-once"), 2).singles());
        }

        @Test
        void leaves_a_retried_step_with_one_result() {
            holds(new Exploration(Scenarios.named("retried"), 3).singles());
        }

        @Test
        void leaves_a_redriven_step_with_one_result() {
            holds(new Exploration(Scenarios.named("redriven"), 4).singles());
        }

        @Test
        void leaves_a_cancelled_run_at_rest() {
            holds(new Exploration(Scenarios.named("cancelled"), 5).singles());
        }

        @Test
        void leaves_a_step_that_outlives_its_lease_with_one_result() {
            holds(new Exploration(Scenarios.named("long-step"), 6).singles());
        }

        @Test
        void leaves_a_step_with_one_result_whose_letter_was_moved_back() {
            holds(new Exploration(Scenarios.named("moved-back"), 7).singles());
        }

        @Test
        void leaves_a_step_that_two_dispatches_name_with_one_result() {
            holds(new Exploration(Scenarios.named("attached"), 8).singles());
        }

        @Test
        void leaves_a_step_that_must_not_start_yet_with_one_result_and_no_early_start() {
            holds(new Exploration(Scenarios.named("delayed"), 10).singles());
        }

        /** Takes a quarter of an hour of virtual time, and so many calls. */
        @Test
        @Tag("full")
        void leaves_a_step_that_a_sweep_sends_first_with_one_result() {
            holds(new Exploration(Scenarios.named("sent-later"), 12).singles());
        }

        @Test
        void begins_nothing_that_is_paused_and_leaves_it_with_one_result_after_the_resume() {
            holds(new Exploration(Scenarios.named("paused"), 12).singles());
        }

        @Test
        void leaves_each_step_ended_soon_after_its_deadline() {
            holds(new Exploration(Scenarios.named("deadline"), 11).singles());
        }

        @Test
        void leaves_a_step_with_one_result_that_two_dispatches_name_and_whose_letter_was_moved_back() {
            holds(new Exploration(Scenarios.named("attached-moved-back"), 9).singles());
        }
    }
}
