package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Everything at once: load, retries, a redrive and a cancel, while calls, processes, sweeps and clocks go wrong. */
class RoughWeatherTest {
    private static final Weather ROUGH = new Weather(0.01, 0.01, 0.01, 0.01, 0.005, Duration.ofSeconds(100));

    private static final Scenario BUSY = simulation -> {
        simulation.dispatch(Duration.ZERO, Scenario.many("early", 40, 3_000));
        Scenario.REDRIVE.on(simulation);
        simulation.dispatch(Duration.ofSeconds(20), Scenario.many("late", 20, 70_000));
        simulation.cancel(Duration.ofSeconds(200), Scenario.RUN);
    };

    private static void weathers(int seeds) {
        Setup setup = Setup.of(1).with(Stage.ROUGH).with(ROUGH);
        for (int seed = 1; seed <= seeds; seed++) {
            List<String> violations = BUSY.play(setup.withSeed(seed)).violations();
            assertThat(violations).as("seed %d", seed).isEmpty();
        }
    }

    @Test
    void breaks_no_guarantee() {
        weathers(60);
    }

    @Test
    @Tag("full")
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void breaks_no_guarantee_in_thousands_of_seeds() {
        weathers(3_000);
    }
}
