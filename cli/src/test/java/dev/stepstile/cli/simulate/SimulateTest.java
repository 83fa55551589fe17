package dev.stepstile.cli.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.cli.Main;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./stepstile simulate} as a process of its own, which is how it is the same each time. */
@Tag("integration")
class SimulateTest {
    @TempDir
    Path folder;

    private record Ran(int exit, String out, String err) {}

    private Ran simulate(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Djdk.virtualThreadScheduler.parallelism=1",
                "-Dlog4j2.configurationFile=classpath:stepstile-simulate-log4j2.xml",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "simulate"));
        command.addAll(List.of(arguments));
        Path errors = folder.resolve("err");
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ran(process.waitFor(), out, Files.readString(errors));
    }

    private static String first(String pattern, String text) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        assertThat(found.find()).as("%s in %s", pattern, text).isTrue();
        return found.group(1);
    }

    @Test
    void a_load_under_faults_ends_with_the_auditors_verdict_and_a_table_of_how_it_went() throws Exception {
        Path csv = folder.resolve("run.csv");
        Ran ran = simulate(
                "--scenario", "failures", "--steps", "500", "--seed", "1", "--faults", "light", "--csv", csv + "");
        assertThat(ran.exit()).as(ran.err()).isZero();
        assertThat(ran.out()).contains("500 accepted").contains("every guarantee held");
        assertThat(Files.readAllLines(csv))
                .startsWith("seconds,accepted,ended,running,retrying,visible,in_flight,busy,faults")
                .last()
                .asString()
                .matches("[0-9.]+,500,500,0,0,0,[0-9]+,0,[0-9]+"); // messages of lost workers may be in flight
    }

    @Test
    void what_it_prints_as_a_replay_is_the_same_run_call_by_call() throws Exception {
        String[] asked = {"--scenario", "busy", "--seed", "3", "--faults", "rough", "--trace"};
        Ran once = simulate(asked);
        Ran again = simulate(asked);
        assertThat(once.exit()).as(once.err()).isZero();
        assertThat(once.out()).contains("store.write").contains("queue.receive");
        assertThat(calls(again)).isEqualTo(calls(once));
        assertThat(first("trace +(\\w+)", again.out())).isEqualTo(first("trace +(\\w+)", once.out()));
    }

    private static List<String> calls(Ran ran) {
        return ran.out().lines().filter(line -> !line.contains("simulated in")).toList();
    }

    @Test
    void a_fault_at_a_named_call_happens_there() throws Exception {
        Ran ran = simulate("--scenario", "retried", "--at", "crash-after@9", "--trace");
        assertThat(ran.exit()).as(ran.err()).isZero();
        assertThat(ran.out()).contains("crash-after");
    }

    @Test
    void what_it_does_not_know_is_named_with_what_there_is() throws Exception {
        Ran scenario = simulate("--scenario", "stormy");
        assertThat(scenario.exit()).isEqualTo(2);
        assertThat(scenario.err()).contains("stormy").contains("steady");
        Ran faults = simulate("--faults", "crash=often");
        assertThat(faults.exit()).isEqualTo(2);
        assertThat(faults.err()).contains("often");
        Ran at = simulate("--at", "explosion@1");
        assertThat(at.exit()).isEqualTo(2);
        assertThat(at.err()).contains("explosion");
    }
}
