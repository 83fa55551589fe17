package dev.stepstile.bench.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a plan is computed from is what the system does. */
class SampleTest {
    private static final Duration STEP = Duration.ofSeconds(5);
    private static final int STEPS = 500;
    private static final Sample PLAIN = Sample.of(STEP, 10, 0, STEPS);

    @Test
    void ten_steps_share_an_invocation_that_lasts_as_long_as_one_of_them() {
        assertThat(PLAIN.step().step().invocations()).isEqualTo(0.1, offset(0.001));
        assertThat(PLAIN.step().step().seconds()).isBetween(0.5, 0.52);
    }

    @Test
    void a_retry_of_each_step_is_an_attempt_more_with_its_claim_and_its_result() {
        Sample retried = Sample.of(STEP, 10, 1, STEPS);
        assertThat(retried.step().step().seconds())
                .isEqualTo(2 * PLAIN.step().step().seconds(), offset(0.05));
        // A claim, and a failure with its note.
        assertThat(retried.step().units().written())
                .isGreaterThan(PLAIN.step().units().written() + 2);
        // The message is put off, and received and deleted once more.
        assertThat(retried.step().queueRequests()).isGreaterThan(PLAIN.step().queueRequests() + 1);
        assertThat(retried.metrics()).isEqualTo(PLAIN.metrics() + 1);
    }

    @Test
    void a_step_that_comes_alone_has_an_invocation_and_a_worker_of_its_own() {
        Sample alone = Sample.of(STEP, 1, 0, STEPS);
        assertThat(alone.step().step().invocations()).isEqualTo(1, offset(0.001));
        assertThat(alone.step().step().seconds()).isBetween(5.0, 5.1);
        assertThat(alone.step().units().written())
                .isGreaterThan(PLAIN.step().units().written() + 1.5);
    }

    @Test
    void records_manifests_and_metrics_are_counted() {
        assertThat(PLAIN.stored().inTable()).isBetween(200.0, 1000.0);
        assertThat(PLAIN.stored().inIndexes()).isBetween(100.0, PLAIN.stored().inTable());
        assertThat(PLAIN.stored().inObjects()).isPositive();
        assertThat(PLAIN.metrics()).isPositive();
    }
}
