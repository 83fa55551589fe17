package dev.stepstile.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.IOException;
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
    private static StackUnderTest api;

    @BeforeAll
    static void start() throws Exception {
        stack = LocalStack.start(StackUnderTest.options(StackOptions.Kind.EMBEDDED, false, folder)
                .withProcessHandlers(PythonHandlers.configuration(folder)));
        api = new StackUnderTest(stack.endpoint());
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
        assertThat(lines(api, "r", "b")).contains("from a shell", "\u001E{\"stderr\":\"to stderr\"}");
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
            processes.addAll(processes(api, "stopped", step.path("key").asText()));
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
        StackUnderTest.await(
                () -> Json.MAPPER.valueToTree(
                        processes.stream().filter(PythonHandlers::alive).toList()),
                JsonNode::isEmpty);
    }

    /** The processes that a waiting step says that it is made of. */
    static List<Long> processes(StackUnderTest api, String run, String key) throws IOException, InterruptedException {
        StackUnderTest.await(
                () -> Json.MAPPER.valueToTree(lines(api, run, key)),
                lines -> lines.toString().contains("waiting"));
        List<Long> processes = new ArrayList<>();
        for (String line : lines(api, run, key)) {
            if (line.startsWith("waiting ")) {
                for (String pid : line.substring("waiting ".length()).split(" ", -1)) {
                    processes.add(Long.valueOf(pid));
                }
            }
        }
        return processes;
    }

    private static List<String> lines(StackUnderTest api, String run, String key)
            throws IOException, InterruptedException {
        JsonNode step = Json.parse(api.get("/v1/runs/" + run + "/steps/" + key.replace(" ", "%20") + "?log=true")
                .body());
        List<String> lines = new ArrayList<>();
        step.path("logPages").forEach(page -> page.path("lines").forEach(line -> lines.add(line.asText())));
        return lines;
    }
}
