package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every guarantee holds whatever goes wrong, at whichever port call. */
class ExplorationTest {
    private static void holds(String name, Exploration exploration) {
        System.out.println(name + ": " + exploration.total() + " executions " + exploration.executions() + ", "
                + exploration.findings().size() + " findings");
        assertThat(exploration.findings()).isEmpty();
    }

    @Nested
    class Any_single_fault {
        @Test
        void leaves_one_step_with_one_result() {
            holds("one step", new Exploration(Scenario.ONE_STEP, Setup.of(1)).singles());
        }

        @Test
        void leaves_one_step_with_one_result_or_nothing_if_the_client_does_not_call_again() {
            Setup once = Setup.of(2).with(Stage.CALM.withoutClientRetries());
            holds("one step, called once", new Exploration(Scenario.ONE_STEP, once).singles());
        }

        @Test
        void leaves_a_retried_step_with_one_result() {
            holds("two steps, one retried", new Exploration(Scenario.RETRY, Setup.of(3)).singles());
        }

        @Test
        void leaves_a_redriven_step_with_one_result() {
            holds("a redrive", new Exploration(Scenario.REDRIVE, Setup.of(4)).singles());
        }

        @Test
        void leaves_a_cancelled_run_at_rest() {
            holds("a cancel", new Exploration(Scenario.CANCEL, Setup.of(5)).singles());
        }

        @Test
        void leaves_a_step_that_outlives_its_lease_with_one_result() {
            holds("a long step", new Exploration(Scenario.LONG_STEP, Setup.of(6)).singles());
        }
    }

    private static final List<Scenario> SCENARIOS =
            List.of(Scenario.ONE_STEP, Scenario.RETRY, Scenario.REDRIVE, Scenario.CANCEL, Scenario.LONG_STEP);

    /** @param sample of each scenario and seed */
    private static void pairsHold(int seeds, int sample) {
        int executions = 0;
        List<Exploration.Finding> findings = new ArrayList<>();
        for (Scenario scenario : SCENARIOS) {
            for (int seed = 1; seed <= seeds; seed++) {
                Exploration exploration = new Exploration(scenario, Setup.of(seed)).pairs(sample);
                executions += exploration.total();
                findings.addAll(exploration.findings());
            }
        }
        System.out.println("pairs: " + executions + " executions, " + findings.size() + " findings");
        assertThat(findings).isEmpty();
    }

    @Nested
    class Any_two_faults {
        @Test
        void leave_every_guarantee_standing() {
            pairsHold(10, 20);
        }

        @Test
        @Tag("full")
        @Timeout(value = 10, unit = TimeUnit.MINUTES)
        void leave_every_guarantee_standing_in_a_large_sample() {
            pairsHold(50, 100);
        }
    }
}
