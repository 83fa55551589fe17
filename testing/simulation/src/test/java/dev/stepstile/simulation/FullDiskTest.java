package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.simulation.faults.FullDisk;
import dev.stepstile.simulation.scenarios.Scenarios;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Run;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** For a while nothing can be written, anywhere; then all goes on, and nothing is lost. */
class FullDiskTest {
    private static final int SEEDS = 20;

    /** A message whose worker could neither end it nor put it back comes again after its visibility timeout. */
    private static final Duration BOUND = Cluster.CALM.visibility().plus(Duration.ofMinutes(20));

    /** Of the sweeper: a run that could not be written in three sweeps in a row is not swept any more. */
    private static Interceptor givesUp() {
        Map<String, Integer> failures = new HashMap<>();
        return Mistakes.store("sweeper", store -> new PassingStore(store) {
            @Override
            public Optional<Run> keepRun(String runId) { // a write, where items are deleted by age
                failures.merge(runId, 1, Integer::sum);
                Optional<Run> run = store.keepRun(runId);
                failures.remove(runId);
                return run;
            }

            @Override
            public List<DispatchId> due(int bucket, Instant until, int limit) {
                return store.due(bucket, until, limit).stream()
                        .filter(ref -> failures.getOrDefault(ref.runId(), 0) < 3)
                        .toList();
            }
        });
    }

    static Stream<Scenarios.Named> scenarios() {
        return Stream.concat(Stream.of(Scenarios.BUSY), Scenarios.SMALL.stream());
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void every_step_ends_in_time_after_the_disks_have_room_again(Scenarios.Named named) {
        int refused = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            FullDisk window = named.equals(Scenarios.BUSY) ? FullDisk.of(seed) : soon(seed);
            Outcome outcome = named.scenario().during(window).play(named.config(seed));
            assertThat(outcome.violations())
                    .as("%s, seed %s, %s", named.name(), seed, window)
                    .isEmpty();
            assertThat(outcome.progress().took())
                    .as("%s, seed %s, %s", named.name(), seed, window)
                    .isLessThan(window.end().plus(BOUND));
            refused += outcome.faults().kinds().getOrDefault("disk full", 0);
        }
        assertThat(refused).isPositive();
    }

    /** Small scenarios are over within seconds. */
    private static FullDisk soon(long seed) {
        FullDisk window = FullDisk.of(seed);
        return new FullDisk(Duration.ofMillis(window.begin().toMillis() % 3_000), window.length());
    }

    @Test
    void a_sweeper_that_gives_up_after_three_failed_sweeps_is_found_by_full_disks_alone() {
        List<Long> found = new ArrayList<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            SimulationConfig config =
                    Scenarios.FULL_DISK.config(seed).with(givesUp()).untilFirstFinding();
            if (!Scenarios.FULL_DISK.scenario().play(config).violations().isEmpty()) {
                found.add(seed);
            }
            for (Hunt hunt : Hunt.values()) {
                assertThat(hunt.found(seed, chance -> chance.with(givesUp())))
                        .as("%s, seed %s", hunt, seed)
                        .isEmpty();
            }
        }
        assertThat(found).hasSizeGreaterThanOrEqualTo(5);
    }
}
