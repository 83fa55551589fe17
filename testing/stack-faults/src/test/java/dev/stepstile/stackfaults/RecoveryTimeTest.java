package dev.stepstile.stackfaults;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.local.StackOptions;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How long after its worker's death a step runs again, with the times that a deployed stack has by default. */
@Tag("integration")
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class RecoveryTimeTest {
    private static final String RUN = "killed";

    /** The last heartbeat, a lease, the margin, a look; and two seconds, as timers tick each second. */
    private static final Duration BOUND = Timing.DEFAULT
            .lease()
            .plus(Timing.DEFAULT.margin())
            .plus(Timing.DEFAULT.lookEvery())
            .plusSeconds(2);

    private static final StackOptions.Times DEFAULT =
            new StackOptions.Times(Timing.DEFAULT, Duration.ofMinutes(90), Duration.ofMinutes(15));

    @TempDir
    Path folder;

    @Test
    void is_a_lease_the_margin_and_a_look_at_most_while_one_other_worker_lives() throws Exception {
        measure(8, 1, 1000);
    }

    /** Fewer than ten are missing at a time: more would keep those that live from looking each ten seconds. */
    @ParameterizedTest
    @Tag("full")
    @ValueSource(ints = {4, 1, 0})
    void is_no_longer_for_twenty_deaths_whatever_the_others_do(int neighbours) throws Exception {
        measure(20, neighbours, 3000);
    }

    /**
     * Prints the times.
     *
     * @param neighbours workers that live on, each with one long step; if 0, two live on with steps that end at once
     * @param every how often a worker is killed on average, in milliseconds
     */
    private void measure(int kills, int neighbours, long every) throws Exception {
        StackOptions options = StackOptions.of(StackOptions.Kind.EMBEDDED, folder)
                .withTimes(DEFAULT)
                .withWorkers(kills + Math.max(2, neighbours));
        List<Duration> times = new ArrayList<>();
        try (FaultyStack stack = FaultyStack.start(options)) {
            for (int i = 0; i < kills + neighbours; i++) {
                startAlone(stack, i);
            }
            AtomicBoolean over = new AtomicBoolean();
            Thread caller = Thread.ofVirtual().start(() -> {
                while (neighbours == 0 && !over.get()) {
                    dispatchShort(stack);
                }
            });
            SplittableRandom random = new SplittableRandom(1);
            List<Instant> killed = new ArrayList<>();
            for (int i = 0; i < kills; i++) {
                Thread.sleep(random.nextLong(2 * every));
                assertThat(stack.killWorkerOf(step(i))).isTrue();
                killed.add(Instant.now());
            }
            for (int i = 0; i < kills; i++) {
                StepId step = step(i);
                StepRecord again = Eventually.await(
                                () -> record(stack, step),
                                found -> found.filter(record -> record.attempt() == 2)
                                        .filter(record -> record.state() instanceof StepState.Succeeded)
                                        .isPresent())
                        .orElseThrow();
                times.add(Duration.between(
                        killed.get(i),
                        Objects.requireNonNull(again.attempts().newest().startedAt())));
            }
            over.set(true);
            caller.join();
        }
        times.sort(null);
        System.out.printf(
                "recovery with %d neighbours: from the death of %d workers to their steps' next attempt p50 %.1f s, max %.1f s%n",
                neighbours, kills, seconds(times.get(kills / 2)), seconds(times.getLast()));
        assertThat(times.getLast()).isLessThan(BOUND);
    }

    /** As the only step of a worker's batch. */
    private static void startAlone(FaultyStack stack, int number) throws Exception {
        ObjectNode waits = StackCaller.step(step(number).stepKey(), "wait", 1, 3);
        new StackCaller(stack.stack().endpoint()).dispatch(RUN, List.of(waits));
        Eventually.await(() -> record(stack, step(number)).isPresent());
    }

    private static void dispatchShort(FaultyStack stack) {
        try {
            new StackCaller(stack.stack().endpoint())
                    .dispatch("short", List.of(StackCaller.step("step-" + System.nanoTime(), "return", 0, 3)));
            Thread.sleep(200);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Optional<StepRecord> record(FaultyStack stack, StepId step) {
        return stack.stack().ports().store().record(step, Shards.of(step.stepKey(), Shards.DEFAULT));
    }

    private static StepId step(int number) {
        return new StepId(RUN, "step-" + number);
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }
}
