package dev.stepstile.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Prints what docs/testing.md says of the time that the test kit takes. */
class TestKitCostTest {
    /** Generous: a machine that builds has other things to do. What it prints is the measure. */
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private static final int TIMES = 20;

    private interface Work {
        void run() throws Exception;
    }

    private static void measure(String what, Work work) throws Exception {
        List<Duration> taken = new ArrayList<>();
        for (int i = 0; i <= TIMES; i++) {
            long began = System.nanoTime();
            work.run();
            taken.add(Duration.ofNanos(System.nanoTime() - began));
        }
        Duration first = taken.removeFirst();
        taken.sort(null);
        Duration median = taken.get(TIMES / 2);
        System.out.printf(Locale.ROOT, "%s: first %d ms, then %d ms%n", what, first.toMillis(), median.toMillis());
        assertThat(median).isLessThan(LIMIT);
    }

    @Test
    void a_stack_starts_quickly() throws Exception {
        measure("a stack", () -> StepstileStack.start(List.of(), 2).close());
    }

    @Test
    void a_step_runs_quickly() throws Exception {
        StepTest test = StepTest.of(new Given((input, context) -> StepResult.none()));
        measure("a step", () -> assertThat(test.run().handlerStarts()).isEqualTo(1));
    }
}
