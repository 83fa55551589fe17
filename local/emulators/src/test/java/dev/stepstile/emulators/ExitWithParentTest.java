package dev.stepstile.emulators;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A tethered process lives as long as whoever started it. */
class ExitWithParentTest {
    /** Says so, and stays. */
    public static final class Staying {
        private Staying() {}

        public static void main(String[] arguments) throws InterruptedException {
            System.out.println("up " + String.join(" ", arguments));
            Thread.sleep(Duration.ofDays(1));
        }
    }

    /** Starts a tethered process, tells its id, and stays. */
    public static final class Starter {
        private Starter() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            Process child = java(ExitWithParent.class.getName(), Staying.class.getName())
                    .redirectErrorStream(true)
                    .start();
            child.inputReader(StandardCharsets.UTF_8).readLine();
            System.out.println(child.pid());
            Thread.sleep(Duration.ofDays(1));
        }
    }

    private static ProcessBuilder java(String... program) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(program));
        return new ProcessBuilder(command);
    }

    @Test
    void ends_when_its_input_is_closed() throws Exception {
        Process process = java(ExitWithParent.class.getName(), Staying.class.getName(), "with", "arguments")
                .start();
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(out.readLine()).isEqualTo("up with arguments");
            process.getOutputStream().close();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void stays_when_ctrl_c_or_the_end_of_the_terminal_reaches_it() throws Exception {
        Process process =
                java(ExitWithParent.class.getName(), Staying.class.getName()).start();
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(out.readLine()).startsWith("up");
            for (String signal : List.of("-INT", "-HUP")) {
                new ProcessBuilder("kill", signal, Long.toString(process.pid()))
                        .start()
                        .waitFor();
                assertThat(process.waitFor(1, TimeUnit.SECONDS)).as(signal).isFalse();
            }
            process.getOutputStream().close();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void ends_when_the_process_that_started_it_is_killed() throws Exception {
        Process starter = java(Starter.class.getName()).start();
        try (BufferedReader out = starter.inputReader(StandardCharsets.UTF_8)) {
            ProcessHandle child =
                    ProcessHandle.of(Long.parseLong(out.readLine())).orElseThrow();
            assertThat(child.isAlive()).isTrue();
            starter.destroyForcibly();
            child.onExit().get(20, TimeUnit.SECONDS);
            assertThat(child.isAlive()).isFalse();
        } finally {
            starter.destroyForcibly();
        }
    }
}
