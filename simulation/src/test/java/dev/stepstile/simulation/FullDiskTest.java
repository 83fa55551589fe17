package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.Expect;
import dev.stepstile.step.StepRecord;
import dev.stepstile.store.PortException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** For a while nothing can be written, anywhere; then all goes on, and nothing is lost. */
class FullDiskTest {
    private static final int SEEDS = 20;

    /** A message whose worker could neither end it nor put it back comes again after its visibility timeout. */
    private static final Duration BOUND = Stage.CALM.visibility().plus(Duration.ofMinutes(20));

    private static final Mistake FAILED_WRITE_IS_DONE = Mistakes.store("step", store -> new PassingStore(store) {
        @Override
        public WriteResult write(StepRecord next, Expect expect) {
            try {
                return store.write(next, expect);
            } catch (PortException e) {
                return new WriteResult.Written();
            }
        }
    });

    static Stream<Scenarios.Named> scenarios() {
        return Stream.concat(Stream.of(Scenarios.BUSY), Scenarios.SMALL.stream());
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void every_step_ends_in_time_after_the_disks_have_room_again(Scenarios.Named named) {
        int refused = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            FullDisk window = named == Scenarios.BUSY ? FullDisk.of(seed) : soon(seed);
            Outcome outcome = window.in(named.scenario()).play(named.setup(seed));
            assertThat(outcome.violations())
                    .as("%s, seed %s, %s", named.name(), seed, window)
                    .isEmpty();
            assertThat(outcome.took())
                    .as("%s, seed %s, %s", named.name(), seed, window)
                    .isLessThan(window.end().plus(BOUND));
            refused += outcome.struck().getOrDefault("disk full", 0);
        }
        assertThat(refused).isPositive();
    }

    /** Small scenarios are over within seconds. */
    private static FullDisk soon(long seed) {
        FullDisk window = FullDisk.of(seed);
        return new FullDisk(Duration.ofMillis(window.begin().toMillis() % 3_000), window.length());
    }

    @Test
    void a_worker_that_takes_a_failed_write_for_done_is_found() {
        List<Long> found = new ArrayList<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            Setup setup =
                    Scenarios.FULL_DISK.setup(seed).with(FAILED_WRITE_IS_DONE).untilFirstFinding();
            if (!Scenarios.FULL_DISK.scenario().play(setup).violations().isEmpty()) {
                found.add(seed);
            }
        }
        assertThat(found).hasSizeGreaterThan(SEEDS / 2);
    }
}
