package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How many steps a second can be simulated: no-op steps, in dispatches of a thousand, without faults. */
class ThroughputTest {
    private static final int DISPATCHES = 10;
    private static final int STEPS = 1_000;

    @Test
    @Tag("full")
    void is_well_over_ten_thousand_steps_a_second() {
        long best = 0;
        for (int round = 0; round < 5; round++) {
            long start = System.nanoTime();
            Outcome outcome = load().play(Setup.of(round).with(Stage.CALM.withWorkers(16)));
            long rate = DISPATCHES * STEPS * 1_000_000_000L / (System.nanoTime() - start);
            assertThat(outcome.violations()).isEmpty();
            System.out.println("simulated: " + rate + " steps/s, " + outcome.portCalls() + " port calls in "
                    + outcome.took() + " of virtual time");
            best = Math.max(best, rate);
        }
        assertThat(best).isGreaterThan(10_000);
    }

    private static Scenario load() {
        return simulation -> IntStream.range(0, DISPATCHES)
                .forEach(n -> simulation.dispatch(Duration.ofSeconds(n), Scenario.many("d" + n, STEPS, 0)));
    }
}
