package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.simulation.exploration.Replay;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.scenarios.Scenarios;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A seed is the whole of a simulation. */
class DeterminismTest {
    private static Outcome play(long seed) {
        Replay replay = Replay.of(Scenarios.BUSY, Scenarios.BUSY.steps(), seed, FaultProfile.parse("rough"));
        return replay.play(replay.config().withTrace());
    }

    /** Prints the trace of a seed. */
    public static void main(String[] arguments) {
        String trace =
                String.join("\n", play(Long.parseLong(arguments[0])).record().trace());
        System.out.writeBytes(trace.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void one_seed_gives_one_trace() {
        Outcome first = play(7);
        Outcome second = play(7);
        assertThat(second.record().trace()).isEqualTo(first.record().trace()).hasSizeGreaterThan(500);
        assertThat(second.record().hash()).isEqualTo(first.record().hash());
    }

    @Test
    void other_seeds_give_other_traces() {
        Set<Long> hashes = new HashSet<>();
        for (long seed = 1; seed <= 10; seed++) {
            hashes.add(play(seed).record().hash());
        }
        assertThat(hashes).hasSize(10);
    }

    @Test
    void the_hash_does_not_depend_on_whether_lines_are_kept() {
        SimulationConfig config = SimulationConfig.of(3).with(Faults.NONE.crashAfter(9));
        assertThat(Scenario.RETRY.play(config.withTrace()).record().hash())
                .isEqualTo(Scenario.RETRY.play(config).record().hash());
    }

    @Test
    void another_process_gives_the_same_trace_byte_for_byte() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djdk.virtualThreadScheduler.parallelism=2",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DeterminismTest.class.getName(),
                        "7"))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        byte[] other = process.getInputStream().readAllBytes();
        assertThat(process.waitFor()).isZero();
        assertThat(new String(other, StandardCharsets.UTF_8))
                .isEqualTo(String.join("\n", play(7).record().trace()));
    }
}
