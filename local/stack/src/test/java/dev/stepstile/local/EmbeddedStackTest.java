package dev.stepstile.local;

import static dev.stepstile.testing.StackCaller.step;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import dev.stepstile.usecase.Metric;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole embedded stack, over its HTTP API. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class EmbeddedStackTest {
    @TempDir
    Path folder;

    private LocalStack start() {
        return LocalStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, folder));
    }

    private List<ObjectNode> naps(int count) {
        List<ObjectNode> steps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            steps.add(step("nap-" + i, "nap", 9, 20));
        }
        return steps;
    }

    @Test
    void runs_what_is_dispatched_under_any_key() throws Exception {
        try (LocalStack stack = start()) {
            StackCaller api = new StackCaller(stack.endpoint());
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
            StackCaller api = new StackCaller(stack.endpoint());
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
    void audits_all_runs_each_so_often_if_it_is_told_to() throws Exception {
        StackOptions options = StackOptions.of(StackOptions.Kind.EMBEDDED, folder);
        try (LocalStack stack =
                LocalStack.start(options.withTimes(options.times().audited(Duration.ofSeconds(1))))) {
            new StackCaller(stack.endpoint()).dispatch("audited", naps(3));
            Eventually.await(() -> stack.tally().of(Metric.STEPS_AUDITED), steps -> steps >= 3);
            assertThat(stack.tally().of(Metric.AUDIT_VIOLATIONS)).isZero();
            assertThat(stack.tally().of(Metric.AUDITS_FAILED)).isZero();
            Eventually.await(() -> stack.tally().of(Metric.AUDITS_COMPLETED), calls -> calls >= 1);
        }
    }

    @Test
    void loses_nothing_when_it_is_stopped_in_the_middle_and_started_again() throws Exception {
        try (LocalStack stack = start()) {
            StackCaller api = new StackCaller(stack.endpoint());
            api.dispatch("run", naps(100));
            Eventually.await(() -> api.steps("run"), steps -> StackCaller.count(steps, "SUCCEEDED") >= 20);
        }
        try (LocalStack stack = start()) {
            JsonNode steps = new StackCaller(stack.endpoint()).awaitAll("run", "SUCCEEDED");

            assertThat(steps).hasSize(100);
        }
    }
}
