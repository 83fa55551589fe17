package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.testing.Eventually;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A worker that is killed by SIGKILL. */
@Tag("integration")
class KilledWorkerTest {
    @Test
    void takes_commands_hosts_their_children_orphans_and_what_left_its_group_with_it()
            throws IOException, InterruptedException {
        Process worker = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output = worker.inputReader()) {
            String line = output.readLine();
            assertThat(line).isNotNull();
            List<Long> processes =
                    Arrays.stream(line.split(" ", -1)).map(Long::valueOf).toList();
            assertThat(processes).hasSize(10).allMatch(RealPipes::alive);
            worker.destroyForcibly();
            for (long pid : processes) {
                Eventually.await(() -> !RealPipes.alive(pid));
            }
        } finally {
            worker.destroyForcibly();
        }
    }
}
