package dev.stepstile.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class DelaysTest {
    private final RandomGenerator random =
            RandomGeneratorFactory.of("L64X128MixRandom").create(2013);

    @Test
    void a_percentile_is_the_smallest_delay_that_enough_flights_do_not_exceed() {
        Delays twenty = Delays.of(new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20});
        assertThat(twenty.p50()).isEqualTo(10);
        assertThat(twenty.p95()).isEqualTo(19);
        assertThat(Delays.of(new int[] {7}).p95()).isEqualTo(7);
        assertThat(Delays.of(new int[] {30, -5}).p50()).isEqualTo(-5);
    }

    @Test
    void a_mean_is_rounded_to_the_hundredth_halves_away_from_zero() {
        assertThat(Delays.mean(1, 8)).isEqualTo(0.13);
        assertThat(Delays.mean(-1, 8)).isEqualTo(-0.13);
        assertThat(Delays.mean(1, 3)).isEqualTo(0.33);
        for (int i = 0; i < 10_000; i++) {
            long sum = random.nextLong(-1_000_000, 1_000_000);
            int count = random.nextInt(1, 5_000);
            assertThat(Delays.mean(sum, count))
                    .isEqualTo(BigDecimal.valueOf(sum)
                            .divide(BigDecimal.valueOf(count), 2, RoundingMode.HALF_UP)
                            .doubleValue());
        }
    }

    @Test
    void a_mean_that_rounds_to_nothing_is_zero_and_not_minus_zero() {
        assertThat(Delays.mean(-1, 1_000)).isEqualTo(0.0);
        assertThat(Delays.mean(0, 5)).isEqualTo(0.0);
    }

    @Test
    void no_delays_have_no_figures() {
        assertThat(Delays.of(new int[0])).isEqualTo(new Delays(0, 0, null, null, null, ""));
    }

    @Test
    void delays_are_written_as_gaps_and_read_again() {
        assertThat(SortedDelays.encode(new int[] {-100, -98, -98, -90, 0})).isEqualTo("0208~S");
        for (int i = 0; i < 1_000; i++) {
            int[] delays =
                    random.ints(random.nextInt(200), -100, 1_500).sorted().toArray();
            assertThat(SortedDelays.decode(SortedDelays.encode(delays))).isEqualTo(delays);
        }
    }

    @Test
    void delays_take_about_a_character_each() {
        int[] delays = random.ints(900, -20, 120).sorted().toArray();

        assertThat(SortedDelays.encode(delays)).hasSizeLessThan(910);
    }

    @Test
    void delays_out_of_order_or_below_the_lowest_are_refused() {
        assertThatThrownBy(() -> SortedDelays.encode(new int[] {5, 4})).hasMessage("a delay of 4 minutes follows 5");
        assertThatThrownBy(() -> SortedDelays.encode(new int[] {-101}))
                .hasMessage("a delay of -101 minutes follows -100");
        assertThatThrownBy(() -> SortedDelays.decode("0 1")).hasMessage("' ' is no gap between delays");
    }

    @Test
    void merging_delays_gives_the_figures_of_all_of_them_together() {
        Histogram merged = new Histogram();
        int[] all = new int[0];
        for (int part = 0; part < 50; part++) {
            int[] delays = random.ints(random.nextInt(40), -90, 400).toArray();
            merged.add(Delays.of(delays));
            all = concat(all, delays);
        }
        Delays expected = Delays.of(all);
        assertThat(merged.count()).isEqualTo(expected.count());
        assertThat(merged.mean()).isEqualTo(expected.mean());
        assertThat(merged.percentile(50)).isEqualTo(expected.p50());
        assertThat(merged.percentile(95)).isEqualTo(expected.p95());
        assertThat(merged.above(14))
                .isEqualTo((int) Arrays.stream(all).filter(delay -> delay > 14).count());
        assertThat(merged.above(2_000)).isZero();
    }

    private static int[] concat(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
