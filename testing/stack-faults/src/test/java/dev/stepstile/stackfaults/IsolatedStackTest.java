package dev.stepstile.stackfaults;

import static dev.stepstile.testing.StackCaller.step;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.local.StackOptions;
import dev.stepstile.step.StepId;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.PlainOutcomes;
import dev.stepstile.testing.PythonHandlers;
import dev.stepstile.testing.StackCaller;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.Measure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The AWS stack with a process for each worker, and handlers that are bad to their process. */
@Tag("integration")
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class IsolatedStackTest {
    @TempDir
    static Path folder;

    private static FaultyStack stack;
    private static StackCaller api;

    @BeforeAll
    static void start() throws Exception {
        stack = FaultyStack.start(StackOptions.of(StackOptions.Kind.ISOLATED, folder)
                .withoutEarlierState()
                .withProcessHandlers(PythonHandlers.configuration(folder)));
        api = new StackCaller(stack.stack().endpoint());
    }

    @AfterAll
    static void stop() {
        if (stack != null) {
            stack.close();
        }
    }

    @Test
    void a_killed_worker_takes_its_steps_processes_with_it() throws Exception {
        api.dispatch(
                "processes",
                List.of(PythonHandlers.step("a", "warm", "wait"), PythonHandlers.step("b", "command", "wait")));
        List<Long> processes = new ArrayList<>(PythonHandlers.processes(api, "processes", "a"));
        processes.addAll(PythonHandlers.processes(api, "processes", "b"));
        assertThat(processes).hasSize(4).allMatch(PythonHandlers::alive);
        assertThat(stack.killWorkerOf(new StepId("processes", "a"))).isTrue();
        stack.killWorkerOf(new StepId("processes", "b")); // it may have been in the same one
        for (String step : List.of("a", "b")) {
            assertThat(api.await("processes", step, "DEAD")
                            .path("error")
                            .path("kind")
                            .asText())
                    .isEqualTo("WORKER_LOST");
        }
        Eventually.await(() -> processes.stream().noneMatch(PythonHandlers::alive));
    }

    @Test
    void processes_that_use_the_plain_protocol_come_to_what_the_table_says() throws Exception {
        assertThat(PlainOutcomes.differences(api)).isEmpty();
    }

    @Test
    void bad_handlers_die_alone_and_are_dead_lettered_and_the_stack_goes_on() throws Exception {
        List<ObjectNode> steps = new ArrayList<>();
        steps.add(step("exits", "exit", 9, 2));
        steps.add(step("fills the heap", "heap", 9, 2));
        steps.add(step("throws an error", "error", 9, 2));
        steps.add(step("is deaf", "deaf", 9, 2).put("timeoutSeconds", 1));
        for (int i = 0; i < 6; i++) {
            steps.add(step("neighbour " + i, "nap", 9, 3));
        }
        api.dispatch("bad", steps);

        assertThat(causes("exits")).containsOnly("WORKER_LOST");
        assertThat(causes("fills the heap")).containsOnly("WORKER_LOST");
        // One of their two attempts may have shared its worker with one that exited.
        assertThat(causes("throws an error")).contains("HANDLER_FAILED");
        assertThat(causes("is deaf")).contains("TIMEOUT");
        for (int i = 0; i < 6; i++) {
            assertThat(api.await("bad", "neighbour " + i, "SUCCEEDED", "DEAD", "FAILED")
                            .path("state")
                            .asText())
                    .isEqualTo("SUCCEEDED");
        }
        Set<String> deadLettered = new TreeSet<>();
        stack.stack()
                .ports()
                .deadLetters()
                .peek(100)
                .forEach(deadLetter -> deadLettered.add(
                        String.valueOf(DeadLetterCodec.read(deadLetter).step())));
        deadLettered.removeIf(step -> !step.startsWith("bad/")); // another test's
        assertThat(deadLettered)
                .containsExactlyInAnyOrder("bad/exits", "bad/fills the heap", "bad/throws an error", "bad/is deaf");
        // The first attempts of the two that kill their worker may share it; the second ones are alone.
        assertThat(stack.workersLost()).isGreaterThanOrEqualTo(3);

        api.dispatch("good", List.of(step("afterwards", "nap", 9, 3)));
        api.await("good", "afterwards", "SUCCEEDED");
    }

    @Test
    void a_worker_that_is_killed_in_the_middle_of_a_step_leaves_it_to_another() throws Exception {
        api.dispatch("killed", List.of(step("waits", "wait", 1, 3)));
        api.await("killed", "waits", "RUNNING");

        assertThat(stack.killWorkerOf(new StepId("killed", "waits"))).isTrue();

        JsonNode ended = api.await("killed", "waits", "SUCCEEDED");
        assertThat(ended.path("result").asText()).isEqualTo("done by attempt 2");
        assertThat(ended.path("attempts").path(0).path("kind").asText()).isEqualTo("WORKER_LOST");
        assertThat(stack.killWorkerOf(new StepId("killed", "another"))).isFalse();
    }

    @Test
    void the_functions_print_what_they_count_and_measure_and_name_no_run_in_it() throws Exception {
        String run = "measured-run";
        api.dispatch(
                run, List.of(step("good", "nap", 9, 2), step("exits", "exit", 9, 2), step("killed", "wait", 1, 3)));
        api.await(run, "killed", "RUNNING");
        stack.killWorkerOf(new StepId(run, "killed"));
        api.await(run, "killed", "SUCCEEDED");
        api.await(run, "exits", "DEAD");
        Set<String> expected = new TreeSet<>(List.of(
                "STEPS_DISPATCHED",
                "STEPS_CLAIMED",
                "STEPS_SUCCEEDED",
                "STEPS_DEAD",
                "ATTEMPTS_RETRIED",
                "WORKERS_LOST",
                "STEPS_RECLAIMED",
                "DEAD_LETTERS_SENT",
                "DISPATCHES_SWEPT",
                "DISPATCHES_CLOSED"));
        List.of(Gauge.values()).forEach(gauge -> expected.add(gauge.name()));
        List.of(Measure.values()).forEach(measure -> expected.add(measure.name()));

        List<JsonNode> lines = Eventually.await(
                IsolatedStackTest::metrics,
                printed -> printed.stream()
                        .flatMap(line -> names(line).stream())
                        .collect(Collectors.toSet())
                        .containsAll(expected));

        for (JsonNode line : lines) {
            assertThat(names(line)).isNotEmpty().hasSizeLessThanOrEqualTo(100);
            Set<String> dimensions = new TreeSet<>(texts(line.path("_aws")
                    .path("CloudWatchMetrics")
                    .path(0)
                    .path("Dimensions")
                    .path(0)));
            assertThat(dimensions)
                    .isEqualTo(
                            names(line).contains("HANDLER_DURATION")
                                    ? Set.of("Service", "Handler")
                                    : Set.of("Service"));
            for (String name : names(line)) {
                assertThat(line.path(name).isNumber() || line.path(name).size() > 0)
                        .as(line.toString())
                        .isTrue();
                assertThat(line.path(name).size()).isLessThanOrEqualTo(100);
            }
            assertThat(line.toString()).doesNotContain(run, "good", "exits");
        }
    }

    /** The lines of the embedded metric format that CloudWatch would read; one that is being written is not among them. */
    private static List<JsonNode> metrics() throws IOException {
        try (Stream<String> lines = Files.lines(folder.resolve("workers.log"))) {
            return lines.map(line -> line.replaceFirst("^\\[[0-9]+\\] ", ""))
                    .filter(line -> line.startsWith("{\"_aws\":") && line.endsWith("}"))
                    .map(Json::parse)
                    .toList();
        }
    }

    private static List<String> names(JsonNode line) {
        return line.path("_aws")
                .path("CloudWatchMetrics")
                .path(0)
                .path("Metrics")
                .findValuesAsText("Name");
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asText()));
        return texts;
    }

    /** Why a step's attempts failed, once it is dead and dead-lettered. */
    private static List<String> causes(String key) throws Exception {
        JsonNode dead = Eventually.await(() -> api.step("bad", key), step -> step.hasNonNull("deadLetteredAt"));
        assertThat(dead.path("state").asText()).isEqualTo("DEAD");
        assertThat(dead.path("attempt").asInt()).isEqualTo(2);
        return dead.path("attempts").findValuesAsText("kind");
    }
}
