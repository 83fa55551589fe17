package dev.stepstile.local;

import static dev.stepstile.testing.StackCaller.step;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The system clock is set while a stack works. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class ClockSetTest {
    private static final Duration HOUR = Duration.ofHours(1);

    @TempDir
    Path folder;

    private final AtomicReference<Duration> set = new AtomicReference<>(Duration.ZERO);
    private final InstantSource system = () -> Instant.now().plus(set.get());

    private LocalStack start() {
        return LocalStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, folder), system);
    }

    private static void closes(StackCaller api, String run) throws Exception {
        Eventually.await(
                () -> Json.parse(api.get("/v1/runs/" + run).body()),
                status -> status.path("openDispatchCount").asInt(1) == 0);
    }

    @Test
    void back_by_an_hour_and_the_dispatch_is_closed_as_soon_as_its_steps_have_ended() throws Exception {
        try (LocalStack stack = start()) {
            StackCaller api = new StackCaller(stack.endpoint());
            api.dispatch("run", List.of(step("step", "doze", 1, 1)));
            api.await("run", "step", "RUNNING");
            set.set(HOUR.negated());

            assertThat(api.await("run", "step", "SUCCEEDED", "DEAD")
                            .path("attempt")
                            .asInt())
                    .isEqualTo(1);
            closes(api, "run");
        }
    }

    @Test
    void back_by_an_hour_between_two_starts_and_what_waited_goes_on() throws Exception {
        try (LocalStack stack = start()) {
            StackCaller api = new StackCaller(stack.endpoint());
            api.dispatch("run", List.of(step("step", "wait", 1, 1), step("other", "return", 0, 1)));
            api.await("run", "step", "RUNNING");
        }
        set.set(HOUR.negated());
        try (LocalStack stack = start()) {
            StackCaller api = new StackCaller(stack.endpoint());

            api.await("run", "step", "SUCCEEDED");
            closes(api, "run");
        }
    }

    @Test
    void forward_by_an_hour_and_no_running_step_counts_as_lost() throws Exception {
        try (LocalStack stack = start()) {
            StackCaller api = new StackCaller(stack.endpoint());
            api.dispatch("run", List.of(step("step", "doze", 1, 3)));
            api.await("run", "step", "RUNNING");
            set.set(HOUR);

            JsonNode ended = api.await("run", "step", "SUCCEEDED", "DEAD");
            assertThat(ended.path("attempt").asInt()).as("%s", ended).isEqualTo(1);
            closes(api, "run");
        }
    }

    @Test
    void forward_by_an_hour_and_the_stack_follows_once_nothing_runs() throws Exception {
        try (LocalStack stack = start()) {
            StackCaller api = new StackCaller(stack.endpoint());
            set.set(HOUR);
            Eventually.await(
                    () -> {
                        String run = "run-" + System.nanoTime();
                        api.dispatch(run, List.of(step("step", "return", 0, 1)));
                        return Json.parse(api.get("/v1/runs/" + run).body());
                    },
                    status -> Instant.parse(status.path("createdAt").asText())
                            .isAfter(Instant.now().plus(HOUR).minusSeconds(30)));
        }
    }
}
