package dev.stepstile.local;

import static dev.stepstile.local.StackUnderTest.step;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.StepId;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole embedded stack, over its HTTP API. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class EmbeddedStackTest {
    @TempDir
    Path folder;

    private LocalStack start() {
        return LocalStack.start(StackUnderTest.options(StackOptions.Kind.EMBEDDED, false, folder));
    }

    /** Steps that note each of their starts in one file. */
    private List<ObjectNode> naps(int count) {
        List<ObjectNode> steps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ObjectNode step = step("nap-" + i, "nap", 9, 20);
            ((ObjectNode) step.get("input")).put("note", notes().toString());
            steps.add(step);
        }
        return steps;
    }

    private Path notes() {
        return folder.resolve("notes");
    }

    @Test
    void runs_what_is_dispatched_under_any_key() throws Exception {
        try (LocalStack stack = start()) {
            StackUnderTest api = new StackUnderTest(stack.endpoint());
            for (String key : List.of(
                    "day[2013-01-01]",
                    "graph.op[?]",
                    "op~2",
                    "a|b, c=d",
                    "eu/München 100%?+1.png",
                    "a%2Fb",
                    "../..",
                    "漢字",
                    "🚀")) {
                api.dispatch("keys", List.of(step(key, "return", 0, 3)));
                assertThat(api.await("keys", key, "SUCCEEDED").path("result").asText())
                        .isEqualTo("done by attempt 1");
            }
        }
    }

    @Test
    void answers_bad_calls_with_a_problem_that_says_what_is_wrong() throws Exception {
        try (LocalStack stack = start()) {
            StackUnderTest api = new StackUnderTest(stack.endpoint());
            problem(api.post("/v1/runs/r/dispatches", "{\"steps\":["), 400);
            problem(api.post("/v1/runs/r/dispatches", "{\"steps\":[]}"), 400);
            problem(api.get("/v1/runs/none"), 404);
            problem(api.get("/nowhere"), 404);
        }
    }

    private static void problem(HttpResponse<String> answer, int status) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("content-type")).hasValue("application/problem+json");
    }

    @Test
    void loses_nothing_when_it_is_stopped_in_the_middle_and_started_again() throws Exception {
        try (LocalStack stack = start()) {
            StackUnderTest api = new StackUnderTest(stack.endpoint());
            api.dispatch("run", naps(100));
            StackUnderTest.await(() -> api.steps("run"), steps -> StackUnderTest.count(steps, "SUCCEEDED") >= 20);
        }
        try (LocalStack stack = start()) {
            JsonNode steps = new StackUnderTest(stack.endpoint()).awaitAll("run", "SUCCEEDED");

            assertThat(steps).hasSize(100);
        }
    }

    @Test
    void gives_the_step_of_a_worker_that_was_cut_off_to_another() throws Exception {
        try (LocalStack stack = start()) {
            StackUnderTest api = new StackUnderTest(stack.endpoint());
            api.dispatch("killed", List.of(step("waits", "wait", 1, 3)));
            api.await("killed", "waits", "RUNNING");

            assertThat(stack.killWorkerOf(new StepId("killed", "waits"))).isTrue();

            JsonNode ended = api.await("killed", "waits", "SUCCEEDED");
            assertThat(ended.path("result").asText()).isEqualTo("done by attempt 2");
            assertThat(ended.path("attempts").path(0).path("kind").asText()).isEqualTo("WORKER_LOST");
        }
    }

    @Test
    @Tag("integration")
    void completes_everything_once_after_kill_9_under_load() throws Exception {
        StackProcess first = StackProcess.start(StackOptions.Kind.EMBEDDED, folder);
        Map<String, String> before = new HashMap<>();
        try {
            StackUnderTest api = first.api();
            api.dispatch("run", naps(200));
            JsonNode steps =
                    StackUnderTest.await(() -> api.steps("run"), read -> StackUnderTest.count(read, "SUCCEEDED") >= 50);
            for (JsonNode step : steps) {
                if (step.path("state").asText().equals("SUCCEEDED")) {
                    before.put(step.path("key").asText(), step.toString());
                }
            }
        } finally {
            first.kill();
        }
        StackProcess second = StackProcess.start(StackOptions.Kind.EMBEDDED, folder);
        try {
            JsonNode steps = second.api().awaitAll("run", "SUCCEEDED");

            assertThat(steps).hasSize(200);
            Map<String, Integer> starts = starts();
            boolean again = false;
            for (JsonNode step : steps) {
                String key = step.path("key").asText();
                assertThat(step.toString()).isEqualTo(before.getOrDefault(key, step.toString()));
                assertThat(starts.get(key)).isBetween(1, step.path("attempt").asInt());
                again |= step.path("attempt").asInt() > 1;
            }
            assertThat(again).as("the kill hit some step in the middle").isTrue();
        } finally {
            second.kill();
        }
    }

    private Map<String, Integer> starts() throws IOException {
        Map<String, Integer> starts = new HashMap<>();
        for (String line : Files.readAllLines(notes())) {
            starts.merge(line.split(" ", 2)[0], 1, Integer::sum);
        }
        return starts;
    }
}
