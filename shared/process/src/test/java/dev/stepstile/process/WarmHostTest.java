package dev.stepstile.process;

import static dev.stepstile.process.RealPipes.act;
import static dev.stepstile.process.RealPipesTest.pids;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.testing.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("integration")
class WarmHostTest {
    @TempDir
    Path folder;

    private final Attempt attempt = new Attempt();

    @Test
    void that_is_killed_is_replaced_and_its_steps_run_on_to_their_results() throws Exception {
        Path file = folder.resolve("go");
        try (RealPipes pipes = new RealPipes()) {
            long host = pids(pipes.run("warm", attempt, act("who")))[1];
            RealPipes.Started step = pipes.start("warm", act("until").put("file", file.toString()));
            step.processes();
            ProcessHandle.of(host).orElseThrow().destroyForcibly();
            Eventually.await(() -> !RealPipes.alive(host));
            assertThat(pids(pipes.run("warm", attempt, act("who")))[1]).isNotEqualTo(host);
            Files.createFile(file);
            assertThat(step.result().path("value").asText()).isEqualTo("done");
        }
    }

    @Test
    void that_died_does_not_keep_a_step_from_being_stopped_nor_hide_that_it_died() throws Exception {
        try (RealPipes pipes = new RealPipes()) {
            long host = pids(pipes.run("warm", attempt, act("who")))[1];
            RealPipes.Started stopped = pipes.start("warm", act("wait"));
            RealPipes.Started killed = pipes.start("warm", act("wait"));
            long[] processes = stopped.processes();
            long[] others = killed.processes();
            ProcessHandle.of(host).orElseThrow().destroyForcibly();
            stopped.interrupt();
            assertThatThrownBy(stopped::result).isInstanceOf(InterruptedException.class);
            for (long pid : processes) {
                Eventually.await(() -> !RealPipes.alive(pid));
            }
            for (long pid : others) {
                ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            }
            assertThatThrownBy(killed::result)
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining("ended unobserved");
        }
    }

    @Test
    void whose_preparation_raises_fails_the_step_and_lives() throws Exception {
        try (RealPipes pipes = new RealPipes()) {
            long host = pids(pipes.run("warm", attempt, act("who")))[1];
            assertThatThrownBy(() -> pipes.run("warm", attempt, act("who").put("prepare", "raise")))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageStartingWith("LookupError: no such job (steps.py:");
            assertThat(pids(pipes.run("warm", attempt, act("who")))[1]).isEqualTo(host);
        }
    }

    @Test
    void that_dies_or_hangs_while_it_prepares_a_step_fails_that_step_and_is_replaced() throws Exception {
        try (RealPipes pipes = new RealPipes(Map.of("startSeconds", 3))) {
            assertThatThrownBy(() -> pipes.run("warm", attempt, act("who").put("prepare", "die")))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining("was ended by signal 9")
                    .hasMessageContaining("before the step began");
            assertThatThrownBy(() -> pipes.run("warm", attempt, act("who").put("prepare", "hang")))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining("did not start the step within 3 s");
            assertThat(pids(pipes.run("warm", attempt, act("who")))).doesNotContain(0);
        }
    }

    @Test
    void that_has_grown_is_replaced_by_one_that_is_ready_and_ends_with_its_last_step() throws Exception {
        Path file = folder.resolve("go");
        for (Map<String, Integer> limit : List.of(Map.of("maxMemoryMb", 60), Map.of("maxSteps", 2))) {
            try (RealPipes pipes = new RealPipes(limit)) {
                RealPipes.Started step =
                        pipes.start("warm", act("until").put("prepare", "grow").put("file", file.toString()));
                step.processes();
                List<Long> hosts = new ArrayList<>();
                hosts.add(pids(pipes.run("warm", attempt, act("who")))[1]);
                Eventually.await(() -> {
                    hosts.add(host(pipes));
                    return !hosts.getLast().equals(hosts.getFirst());
                });
                assertThat(RealPipes.alive(hosts.getFirst())).isTrue();
                Files.createFile(file);
                assertThat(step.result().path("value").asText()).isEqualTo("done");
                Eventually.await(() -> !RealPipes.alive(hosts.getFirst()));
                Files.delete(file);
            }
        }
    }

    private long host(RealPipes pipes) {
        try {
            return pids(pipes.run("warm", attempt, act("who")))[1];
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private ProcessHandlers host(String script) {
        return ProcessHandlers.open(document(script));
    }

    private String document(String script) {
        ObjectNode document = Json.object();
        document.putObject("handlers")
                .putObject("broken")
                .put("warm", true)
                .put("directory", folder.toString())
                .putArray("command")
                .add("sh")
                .add("-c")
                .add(script);
        return Json.print(document);
    }

    @Test
    void that_is_none_is_told_from_one() {
        try (ProcessHandlers handlers = host("echo hello; exec sleep 100")) {
            assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("{}"), attempt))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining("'python3 -m stepstile_host'");
        }
    }

    @Test
    void that_cannot_load_its_code_says_why() {
        try (ProcessHandlers handlers = host("echo \"No module named 'mine'\" >&2; exit 1")) {
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("{}"), attempt))
                        .isInstanceOf(ProcessFailed.class)
                        .hasMessage(
                                "The host of 'broken' ended with status 1 before the step began; the end of its standard error: No"
                                        + " module named 'mine'");
            }
        }
    }

    @Test
    void that_died_before_it_took_up_a_step_leaves_it_to_the_next_one() {
        String script = """
                if mkdir first; then echo '{"ready":1}'; read line; exit 0; fi
                echo '{"ready":2}'; read line
                echo '{"taken":1}'; echo '{"refused":1,"reason":"by the second"}'; read line""";
        try (ProcessHandlers handlers = host(script)) {
            assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("{}"), attempt))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining("by the second");
        }
    }

    @Test
    void that_has_old_code_leaves_the_step_to_one_that_loads_the_new() {
        String script = """
                if mkdir first; then
                  echo '{"ready":1}'; read line; echo '{"stale":1,"changed":"jobs.py"}'; read line; touch ended; exit 0
                fi
                echo '{"ready":2}'; read line
                echo '{"taken":1}'; echo '{"refused":1,"reason":"by the second"}'; read line""";
        try (ProcessHandlers handlers = host(script)) {
            assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("{}"), attempt))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining("by the second");
            Eventually.await(() -> Files.exists(folder.resolve("ended")));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void that_has_old_code_is_reported_to_whoever_changed_it_and_waits_for_a_file_that_is_being_written()
            throws Exception {
        Path code = Files.writeString(folder.resolve("jobs.py"), "half of it");
        long begun = System.nanoTime();
        String script = """
                if mkdir first; then
                  echo '{"ready":1}'; read line; echo '{"stale":1,"changed":"%s"}'; read line; exit 0
                fi
                echo '{"ready":2}'; read line
                echo '{"taken":1}'; echo '{"refused":1,"reason":"by the second"}'; read line""".formatted(code);
        List<String> notices = new ArrayList<>();
        try (WatchedProcessHandlers handlers =
                WatchedProcessHandlers.open(document(script), Set::of, new Reloading(true, notices::add))) {
            assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("{}"), attempt))
                    .hasMessageContaining("by the second");
        }
        assertThat(System.nanoTime() - begun)
                .isGreaterThan(Duration.ofMillis(250).toNanos());
        assertThat(notices).containsExactly("Handler 'broken': " + code + " has changed; new steps run the new code.");
    }

    @Test
    void runs_its_steps_with_old_code_if_reloading_is_off() throws Exception {
        String script = """
                echo '{"ready":1}'; read line
                case $line in *anyway*) echo '{"taken":1}'; echo '{"refused":1,"reason":"asked to run it anyway"}';; esac
                read line""";
        try (WatchedProcessHandlers handlers =
                WatchedProcessHandlers.open(document(script), Set::of, new Reloading(false, line -> {}))) {
            assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("{}"), attempt))
                    .hasMessageContaining("asked to run it anyway");
        }
    }

    @Test
    void whose_sources_change_each_time_they_are_loaded_runs_the_step_in_the_end() {
        String script = """
                echo '{"ready":1}'; read line
                case $line in
                  *anyway*) echo '{"taken":1}'; echo '{"refused":1,"reason":"asked to run it anyway"}';;
                  *) echo '{"stale":1,"changed":"jobs.py"}';;
                esac
                read line""";
        try (ProcessHandlers handlers = host(script)) {
            assertThatThrownBy(() -> handlers.handlers().getFirst().run(GivenInput.of("{}"), attempt))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining("asked to run it anyway");
        }
    }

    @Test
    void that_is_closed_takes_its_steps_with_it() throws Exception {
        long[] processes;
        long host;
        try (RealPipes pipes = new RealPipes()) {
            host = pids(pipes.run("warm", attempt, act("who")))[1];
            RealPipes.Started warm = pipes.start("warm", act("stubborn"));
            RealPipes.Started command = pipes.start("command", act("stubborn"));
            processes = LongStream.concat(Arrays.stream(warm.processes()), Arrays.stream(command.processes()))
                    .toArray();
        }
        for (long pid : processes) {
            Eventually.await(() -> !RealPipes.alive(pid));
        }
        assertThat(RealPipes.alive(host)).isFalse();
    }
}
