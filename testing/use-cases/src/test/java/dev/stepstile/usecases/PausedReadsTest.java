package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.RetryAfter;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a list of steps, and one step, say of a pause. */
class PausedReadsTest {
    @TempDir
    Path folder;

    private Stack stack;
    private Api api;

    @BeforeEach
    void open() throws InterruptedException {
        stack = new Stack(folder);
        api = new Api(stack);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    /** Keys of steps by whether the list says that they are paused. */
    private Set<String> paused(String run) throws InterruptedException {
        Set<String> keys = new TreeSet<>();
        for (JsonNode step : api.get("/v1/runs/" + run + "/steps").path("steps")) {
            assertThat(step.path("paused").asText("true")).as("true or absent").isEqualTo("true");
            if (step.has("paused")) {
                keys.add(step.path("key").asText());
            }
        }
        return keys;
    }

    private void dispatch(String run, String... steps) throws InterruptedException {
        api.ok(202, "POST", "/v1/runs/" + run + "/dispatches", "{\"steps\":[" + String.join(",", steps) + "]}");
    }

    private static String step(String key, String handler) {
        return "{\"key\":\"%s\",\"handler\":\"%s\"}".formatted(key, handler);
    }

    @Test
    void a_step_that_waits_is_paused_with_its_run_its_handler_or_everything() throws InterruptedException {
        dispatch("r1", step("a", "work"), step("b", "other"));
        dispatch("r2", step("c", "work"));
        api.ok(200, "POST", "/v1/runs/r1/pause", "{}");
        assertThat(paused("r1")).containsExactly("a", "b");
        assertThat(paused("r2")).isEmpty();
        api.ok(200, "POST", "/v1/runs/r1/resume", "{}");
        assertThat(paused("r1")).isEmpty();
        api.ok(200, "POST", "/v1/pause", "{\"handler\":\"work\"}");
        assertThat(paused("r1")).containsExactly("a");
        assertThat(paused("r2")).containsExactly("c");
        api.ok(200, "POST", "/v1/pause", "{}");
        assertThat(paused("r1")).containsExactly("a", "b");
    }

    @Test
    void a_step_that_runs_or_has_ended_is_not_paused_and_one_that_retries_is() throws InterruptedException {
        stack.work.on("retries", (input, context) -> {
            throw new RetryAfter(Duration.ofMinutes(5), "later");
        });
        Work.Gate gate = stack.work.gate("runs");
        dispatch(Stack.RUN, step("ends", "work"), step("retries", "work"), step("runs", "work"), step("waits", "work"));
        Tasks.Task<List<String>> worker = stack.start(stack.receive(3));
        gate.awaitEntered();
        api.ok(200, "POST", "/v1/pause", "{}");
        assertThat(paused(Stack.RUN)).containsExactly("retries", "waits");
        assertThat(api.get("/v1/runs/" + Stack.RUN + "/step?key=retries")
                        .path("paused")
                        .booleanValue())
                .isTrue();
        assertThat(api.get("/v1/runs/" + Stack.RUN + "/step?key=runs").has("paused"))
                .isFalse();
        gate.open();
        worker.join();
        assertThat(paused(Stack.RUN)).containsExactly("retries", "waits");
    }

    /** It is the handler that will run it, and not the one that it was dispatched to. */
    @Test
    void a_step_that_a_redrive_has_given_another_handler_is_paused_with_that_one() throws InterruptedException {
        dispatch(Stack.RUN, step("a", "no.such"));
        stack.deliverAll();
        api.ok(
                200,
                "POST",
                "/v1/runs/" + Stack.RUN + "/redrive",
                "{\"keys\":[\"a\"],\"overrides\":{\"handler\":\"work\"}}");
        api.ok(200, "POST", "/v1/pause", "{\"handler\":\"no.such\"}");
        assertThat(paused(Stack.RUN)).isEmpty();
        api.ok(200, "POST", "/v1/pause", "{\"handler\":\"work\"}");
        assertThat(paused(Stack.RUN)).containsExactly("a");
    }
}
