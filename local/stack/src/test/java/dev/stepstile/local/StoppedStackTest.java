package dev.stepstile.local;

import static dev.stepstile.testing.StackCaller.step;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.step.StepId;
import dev.stepstile.testing.StackCaller;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stack that is told to stop while steps run which have but one attempt. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class StoppedStackTest {
    private static final StepId STEP = new StepId("run", "step");

    @TempDir
    Path folder;

    private final List<List<StepId>> waitedFor = new CopyOnWriteArrayList<>();

    private void stopped(StackOptions options, String act, Duration grace) throws Exception {
        try (LocalStack stack = LocalStack.start(options)) {
            StackCaller api = new StackCaller(stack.endpoint());
            api.dispatch("run", List.of(step("step", act, 1, 1)));
            api.await("run", "step", "RUNNING");
            assertThat(stack.runningSteps()).containsExactly(STEP);
            stack.drain(grace, waitedFor::add);
        }
    }

    private JsonNode atTheNextStart(StackOptions options) throws Exception {
        try (LocalStack stack = LocalStack.start(options)) {
            return new StackCaller(stack.endpoint()).await("run", "step", "SUCCEEDED", "DEAD", "FAILED");
        }
    }

    private static void ranAgainUncounted(JsonNode ended) {
        assertThat(ended.path("state").asText()).as("%s", ended).isEqualTo("SUCCEEDED");
        assertThat(ended.path("result").asText()).isEqualTo("done by attempt 2");
        assertThat(ended.path("maxAttempts").asInt()).isEqualTo(1);
        assertThat(ended.path("attempts").path(0).path("kind").asText()).isEqualTo("WORKER_STOPPED");
    }

    @Test
    void gives_back_what_does_not_end_within_its_grace_and_runs_it_at_the_next_start() throws Exception {
        StackOptions options = StackOptions.of(StackOptions.Kind.EMBEDDED, folder);
        stopped(options, "wait", Duration.ofMillis(200));

        assertThat(waitedFor).as("what is waited for is told").isNotEmpty().allMatch(List.of(STEP)::equals);
        ranAgainUncounted(atTheNextStart(options));
    }

    @Test
    void gives_back_a_step_that_takes_no_notice() throws Exception {
        StackOptions options = StackOptions.of(StackOptions.Kind.EMBEDDED, folder);
        stopped(options, "deaf", Duration.ZERO);

        ranAgainUncounted(atTheNextStart(options));
    }

    @Test
    void records_what_ends_within_its_grace() throws Exception {
        StackOptions options = StackOptions.of(StackOptions.Kind.EMBEDDED, folder);
        stopped(options, "doze", Duration.ofSeconds(60));

        JsonNode ended = atTheNextStart(options);
        assertThat(ended.path("result").asText()).as("%s", ended).isEqualTo("done by attempt 1");
    }

    /** By SIGTERM, as Lambda tells an environment. */
    @Test
    @Tag("integration")
    void of_workers_in_processes_of_their_own_gives_back_what_they_run() throws Exception {
        StackOptions options = StackOptions.of(StackOptions.Kind.ISOLATED, folder);
        stopped(options, "wait", Duration.ofMillis(200));

        ranAgainUncounted(atTheNextStart(options));
    }
}
