package dev.stepstile.stackfaults;

import static dev.stepstile.testing.StackCaller.step;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.local.StackOptions;
import dev.stepstile.step.StepId;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import dev.stepstile.usecase.Timing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Steps that lost their workers keep neither the runs of others nor each other waiting. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class SuspectsTest {
    private static final int LONG = 30;
    private static final int WORKERS = 4;
    private static final Duration SOON = Duration.ofSeconds(15);

    @TempDir
    Path folder;

    @Test
    @Tag("integration")
    void leave_three_of_four_workers_to_a_new_run() throws Exception {
        StackProcess first = StackProcess.start(StackOptions.Kind.EMBEDDED, folder, LONG); // so that all of them run
        try {
            List<ObjectNode> steps = new ArrayList<>();
            for (int i = 0; i < LONG; i++) {
                steps.add(step("long-" + i, "wait", 99, 99)); // each for as long as its function may take: 110 s
            }
            first.api().dispatch("lost", steps);
            first.api().awaitAll("lost", "RUNNING");
        } finally {
            first.kill();
        }
        StackProcess second = StackProcess.start(StackOptions.Kind.EMBEDDED, folder, WORKERS);
        try {
            StackCaller api = second.api();
            JsonNode suspects = Eventually.await(() -> api.steps("lost"), steps -> suspects(steps) == LONG);
            Eventually.await(() -> api.steps("lost"), steps -> StackCaller.count(steps, "RUNNING") == 1);
            long dispatched = System.nanoTime();
            api.dispatch("new", echoes());
            api.awaitAll("new", "SUCCEEDED");

            assertThat(Duration.ofNanos(System.nanoTime() - dispatched)).isLessThan(SOON);
            assertThat(suspects).hasSize(LONG);
            assertThat(StackCaller.count(api.steps("lost"), "RUNNING"))
                    .as("a quarter of the workers")
                    .isEqualTo(1);
        } finally {
            second.kill();
        }
    }

    /** Each a second long, and one after the other, as that is a quarter of four workers. */
    @Test
    @Tag("integration")
    void that_were_lost_by_isolated_workers_have_their_turns_without_long_waits() throws Exception {
        int steps = 10;
        Path notes = Files.createFile(folder.resolve("notes"));
        Duration second =
                Duration.ofSeconds(1); // the lease is longer than a busy machine lets four JVMs that start stand still
        Timing timing = Timing.of(second.multipliedBy(8), second, second, Duration.ofSeconds(30));
        try (FaultyStack stack = FaultyStack.start(StackOptions.of(StackOptions.Kind.ISOLATED, folder.resolve("stack"))
                .withoutEarlierState()
                .withTimes(new StackOptions.Times(timing, Duration.ofMinutes(2), Duration.ofMinutes(2)))
                .withWorkers(WORKERS))) {
            StackCaller api = new StackCaller(stack.stack().endpoint());
            List<ObjectNode> call = new ArrayList<>();
            for (int i = 0; i < steps; i++) {
                ObjectNode step = step("long-" + i, "wait-then-work", 99, 99);
                ((ObjectNode) step.path("input")).put("note", notes.toString());
                call.add(step);
            }
            api.dispatch("lost", call);
            api.awaitAll("lost", "RUNNING");
            Eventually.await(() -> Files.readAllLines(notes).size() == steps);
            long killed = System.nanoTime();
            for (int i = 0; i < steps; i++) {
                stack.killWorkerOf(new StepId("lost", "long-" + i)); // which most steps have in common
            }
            api.awaitAll("lost", "SUCCEEDED");

            Duration took = Duration.ofNanos(System.nanoTime() - killed);
            List<String> noted = Files.readAllLines(notes);
            assertThat(atOnce(noted.subList(steps, noted.size()))).isEqualTo(1);
            // The steps take 10 s, new workers and leases a few more; on a machine with ten times the work four times
            // as
            // long was seen.
            assertThat(took).isLessThan(Duration.ofSeconds(80));
        }
    }

    /** How many ran at once at most. */
    private static int atOnce(List<String> noted) {
        int most = 0;
        int running = 0;
        for (String line : noted) {
            running += line.equals("ended") ? -1 : 1;
            most = Math.max(most, running);
        }
        return most;
    }

    /** The worker of a suspect that runs alone is gone without giving its turn back. */
    @Test
    void that_kill_every_worker_of_this_process_all_come_to_their_last_attempt() throws Exception {
        Duration half = Duration.ofMillis(500); // four leases expire, one after the other
        Timing timing = Timing.of(half.multipliedBy(3), half, half, Duration.ofSeconds(30));
        StackOptions options = StackOptions.of(StackOptions.Kind.EMBEDDED, folder)
                .withWorkers(WORKERS)
                .withTimes(new StackOptions.Times(timing, Duration.ofMinutes(2), Duration.ofMinutes(2)));
        Set<String> poison = Set.of("poison-1", "poison-2");
        try (FaultyStack stack = FaultyStack.start(options, Faults.parse("poison=2"), poison)) {
            StackCaller api = new StackCaller(stack.stack().endpoint());
            api.dispatch("run", List.of(step("poison-1", "return", 0, 3), step("poison-2", "return", 0, 3)));
            api.awaitAll("run", "DEAD");
            assertThat(stack.workersLost()).isBetween(5L, 6L); // the first time both may have been with one worker
        }
    }

    private static int suspects(JsonNode steps) {
        int count = 0;
        for (JsonNode step : steps) {
            count += step.path("suspect").asBoolean() ? 1 : 0;
        }
        return count;
    }

    private static List<ObjectNode> echoes() {
        List<ObjectNode> steps = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            steps.add(Json.object().put("key", "echo-" + i).put("handler", "stepstile.echo"));
        }
        return steps;
    }
}
