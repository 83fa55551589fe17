package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RetryPolicyTest {
    private static final RandomGenerator LEAST = () -> 0L;

    @Test
    void waits_anything_from_nothing_to_the_doubled_base_with_both_ends_met() {
        RetryPolicy policy = new RetryPolicy(9, Duration.ofMillis(5), Duration.ofSeconds(1));
        RandomGenerator random = new Random(1);
        for (int failures = 1; failures <= 5; failures++) {
            long ceiling = 5L << (failures - 1);
            long least = Long.MAX_VALUE;
            long most = -1;
            for (int i = 0; i < 5_000; i++) {
                long wait = policy.backoff(failures, random).toMillis();
                least = Math.min(least, wait);
                most = Math.max(most, wait);
            }
            assertThat(least).as("after failure %d", failures).isZero();
            assertThat(most).as("after failure %d", failures).isEqualTo(ceiling);
        }
    }

    @Test
    void is_uniform_within_its_bounds() {
        RetryPolicy policy = new RetryPolicy(3, Duration.ofMillis(999), Duration.ofSeconds(10));
        RandomGenerator random = new Random(2);
        int[] tenths = new int[10];
        for (int i = 0; i < 20_000; i++) {
            tenths[(int) (policy.backoff(1, random).toMillis() / 100)]++;
        }
        for (int count : tenths) {
            assertThat(count).isBetween(1_800, 2_200);
        }
    }

    @Test
    void never_exceeds_its_cap() {
        RetryPolicy policy = new RetryPolicy(100, Duration.ofSeconds(1), Duration.ofSeconds(3));
        RandomGenerator random = new Random(3);
        for (int failures = 1; failures <= 100; failures++) {
            for (int i = 0; i < 100; i++) {
                assertThat(policy.backoff(failures, random)).isBetween(Duration.ZERO, Duration.ofSeconds(3));
            }
        }
    }

    @Test
    void stays_at_its_cap_where_doubling_would_overflow() {
        Duration cap = Duration.ofHours(12);
        for (Duration base : new Duration[] {
            Duration.ofMillis(1),
            Duration.ofHours(12),
            Duration.ofDays(1_000),
            Duration.ofDays(100_000),
            Duration.ofMillis(Long.MAX_VALUE)
        }) {
            RetryPolicy policy = new RetryPolicy(100, base, cap);
            long most = -1;
            RandomGenerator random = new Random(4);
            for (int i = 0; i < 200; i++) {
                Duration wait = policy.backoff(100, random);
                assertThat(wait).as("base %s", base).isBetween(Duration.ZERO, cap);
                most = Math.max(most, wait.toMillis());
            }
            assertThat(most).as("base %s", base).isGreaterThan(cap.toMillis() / 2);
        }
    }

    @Test
    void waits_not_at_all_without_a_base_or_a_cap() {
        RandomGenerator random = new Random(5);
        assertThat(new RetryPolicy(3, Duration.ZERO, Duration.ofHours(1)).backoff(5, random))
                .isZero();
        assertThat(new RetryPolicy(3, Duration.ofHours(1), Duration.ZERO).backoff(5, random))
                .isZero();
        assertThat(new RetryPolicy(3, Duration.ofSeconds(-1), Duration.ofSeconds(-1)).backoff(1, random))
                .isZero();
        assertThat(RetryPolicy.DEFAULT.backoff(0, LEAST)).isZero();
    }

    @Test
    void doubles_a_base_that_just_fits_under_the_cap_and_does_not_take_the_cap_for_it() {
        RetryPolicy policy = new RetryPolicy(9, Duration.ofMillis(2), Duration.ofMillis(9));
        Random random = new Random(1);
        assertThat(IntStream.range(0, 500).mapToObj(i -> policy.backoff(3, random)))
                .contains(Duration.ofMillis(8))
                .doesNotContain(Duration.ofMillis(9));
    }
}
