package dev.stepstile.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.PlainOutcomes;
import dev.stepstile.testing.PythonHandlers;
import dev.stepstile.testing.StackCaller;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Steps that are processes, on the embedded stack and over its HTTP API. */
@Tag("integration")
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class ProcessStepsTest {
    @TempDir
    static Path folder;

    private static LocalStack stack;
    private static StackCaller api;

    @BeforeAll
    static void start() throws Exception {
        stack = LocalStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, folder)
                .withProcessHandlers(PythonHandlers.configuration(folder)));
        api = new StackCaller(stack.endpoint());
    }

    @AfterAll
    static void stop() {
        if (stack != null) {
            stack.close();
        }
    }

    @Test
    void have_their_value_and_what_they_printed() throws Exception {
        api.dispatch(
                "r", List.of(PythonHandlers.step("a", "warm", "echo"), PythonHandlers.step("b", "command", "output")));
        assertThat(api.await("r", "a", "SUCCEEDED", "DEAD").path("result"))
                .isEqualTo(Json.parse("{\"value\":{\"act\":\"echo\"}}"));
        assertThat(api.await("r", "b", "SUCCEEDED", "DEAD").path("state").asText())
                .isEqualTo("SUCCEEDED");
        assertThat(api.logLines("r", "b")).contains("from a shell", "\u001E{\"stderr\":\"to stderr\"}");
    }

    @Test
    void that_use_the_plain_protocol_come_to_what_the_table_says() throws Exception {
        assertThat(PlainOutcomes.differences(api)).isEmpty();
    }

    @Test
    void are_stopped_with_their_run_and_with_their_time_by_all_their_processes() throws Exception {
        List<ObjectNode> steps = new ArrayList<>();
        for (String handler : List.of("warm", "command")) {
            steps.add(PythonHandlers.step("cancelled " + handler, handler, "wait"));
            steps.add(
                    PythonHandlers.step("slow " + handler, handler, "stubborn").put("timeoutSeconds", 2));
        }
        api.dispatch("stopped", steps);
        List<Long> processes = new ArrayList<>();
        for (ObjectNode step : steps) {
            processes.addAll(
                    PythonHandlers.processes(api, "stopped", step.path("key").asText()));
        }
        for (String handler : List.of("warm", "command")) {
            JsonNode slow = api.await("stopped", "slow " + handler, "DEAD", "SUCCEEDED");
            assertThat(slow.path("error").path("kind").asText()).isEqualTo("TIMEOUT");
        }
        api.post("/v1/runs/stopped/cancel", "");
        for (String handler : List.of("warm", "command")) {
            api.await("stopped", "cancelled " + handler, "CANCELLED");
        }
        assertThat(processes).hasSize(8);
        Eventually.await(() -> processes.stream().noneMatch(PythonHandlers::alive));
    }
}
