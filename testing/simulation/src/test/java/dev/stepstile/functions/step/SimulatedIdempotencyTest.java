package dev.stepstile.functions.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.simulation.Outcome;
import dev.stepstile.simulation.SimulationConfig;
import dev.stepstile.simulation.exploration.Exploration;
import dev.stepstile.simulation.exploration.Replay;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.scenarios.Scenarios;
import dev.stepstile.usecase.AttemptRunner;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Powertools under the simulator: whatever goes wrong, a system whose attempts it leads does, call by call, what one with
 * direct calls does. So all that is shown of the one holds for the other.
 */
class SimulatedIdempotencyTest {
    private static final AttemptRunner POWERTOOLS = new FencedIdempotency();

    static Stream<Scenarios.Named> small() {
        return Scenarios.SMALL.stream();
    }

    @ParameterizedTest
    @MethodSource("small")
    void does_the_same_whatever_single_call_goes_wrong(Scenarios.Named scenario) {
        List<Long> traces = traces(scenario, POWERTOOLS);
        assertThat(traces).hasSizeGreaterThan(200).isEqualTo(traces(scenario, AttemptRunner.DIRECT));
    }

    private static List<Long> traces(Scenarios.Named scenario, AttemptRunner engine) {
        List<Long> traces = new ArrayList<>();
        Exploration played = new Exploration(
                        scenario,
                        1,
                        config -> config.with(engine),
                        (faults, outcome) -> traces.add(outcome.record().hash()))
                .singles();
        assertThat(played.findings()).isEmpty();
        return traces;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void does_the_same_in_rough_weather(int seed) {
        Replay replay = Replay.of(Scenarios.BUSY, Scenarios.BUSY.steps(), seed, FaultProfile.parse("rough"));
        SimulationConfig config = replay.config();
        Outcome direct = replay.play(config);
        Outcome led = replay.play(config.with(POWERTOOLS));
        assertThat(led.violations()).isEmpty();
        assertThat(led.record().hash()).isEqualTo(direct.record().hash());
    }
}
