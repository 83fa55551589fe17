package dev.stepstile.bench.cost;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.usecase.Timing;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A step whose worker dies runs again within the bounds that the README states. */
class RecoveryRunTest {
    private static final long SILENT =
            Timing.DEFAULT.lease().plus(Timing.DEFAULT.margin()).toSeconds();

    @ParameterizedTest(name = "{0} others")
    @CsvSource({"8, 30", "0, 140"})
    void a_step_whose_worker_dies_runs_again_within_the_bound(int others, int bound) {
        RecoveryRun.Delays delays = new RecoveryRun().kill(30, others);
        assertThat(delays.sorted()).hasSize(30);
        assertThat(delays.seconds(0.1))
                .isGreaterThan(SILENT - Timing.DEFAULT.heartbeat().toSeconds() - 0.1);
        assertThat(delays.seconds(100)).isLessThan(bound);
    }
}
