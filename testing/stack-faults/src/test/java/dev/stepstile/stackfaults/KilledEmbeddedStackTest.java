package dev.stepstile.stackfaults;

import static dev.stepstile.testing.StackCaller.step;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.local.StackOptions;
import dev.stepstile.step.StepId;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import java.io.IOException;
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

/** The embedded stack, one worker of which is killed, or all of it. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class KilledEmbeddedStackTest {
    @TempDir
    Path folder;

    private Path notes() {
        return folder.resolve("notes");
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

    @Test
    void gives_the_step_of_a_worker_that_was_killed_to_another() throws Exception {
        try (FaultyStack stack = FaultyStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, folder))) {
            StackCaller api = new StackCaller(stack.stack().endpoint());
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
            StackCaller api = first.api();
            api.dispatch("waits", List.of(step("waits", "wait", 1, 3)));
            api.await("waits", "waits", "RUNNING");
            api.dispatch("run", naps(200));
            JsonNode steps =
                    Eventually.await(() -> api.steps("run"), read -> StackCaller.count(read, "SUCCEEDED") >= 50);
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
            for (JsonNode step : steps) {
                String key = step.path("key").asText();
                assertThat(step.toString()).isEqualTo(before.getOrDefault(key, step.toString()));
                assertThat(starts.get(key)).isBetween(1, step.path("attempt").asInt());
            }
            JsonNode hit = second.api().await("waits", "waits", "SUCCEEDED");
            assertThat(hit.path("result").asText()).isEqualTo("done by attempt 2");
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
