package dev.stepstile.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** A clock that goes on evenly where the system's is set. */
class SteadyClockTest {
    private static final Instant START = Instant.parse("2026-11-24T08:00:00Z");

    private Instant system = START;
    private long nanos = 77;
    private final SteadyClock clock = new SteadyClock(() -> system, () -> nanos, Instant.EPOCH);

    /** Time goes by, for both. */
    private void pass(Duration time) {
        nanos += time.toNanos();
        system = system.plus(time);
    }

    @Test
    void shows_the_system_clocks_time_while_that_is_not_set() {
        pass(Duration.ofHours(3));
        assertThat(clock.instant()).isEqualTo(START.plus(Duration.ofHours(3)));
    }

    @Test
    void neither_goes_back_nor_stands_still_when_the_system_clock_is_set_back() {
        pass(Duration.ofSeconds(10));
        Instant before = clock.instant();
        system = system.minus(Duration.ofHours(1));
        assertThat(clock.instant()).isEqualTo(before);
        pass(Duration.ofSeconds(10));
        assertThat(clock.instant()).isEqualTo(before.plusSeconds(9));
        for (int i = 0; i < 11 * 60; i++) {
            pass(Duration.ofMinutes(1));
            clock.instant();
        }
        assertThat(clock.instant()).as("they have met").isEqualTo(system);
    }

    @Test
    void does_not_leap_when_the_system_clock_is_set_forward() {
        system = system.plus(Duration.ofHours(1));
        assertThat(clock.instant()).isEqualTo(START);
        pass(Duration.ofSeconds(10));
        assertThat(clock.instant()).isEqualTo(START.plusSeconds(11));
    }

    @Test
    void leaps_forward_at_rest_and_never_back() {
        system = system.plus(Duration.ofHours(1));
        clock.atRest();
        assertThat(clock.instant()).isEqualTo(system);
        Instant before = clock.instant();
        system = system.minus(Duration.ofHours(2));
        clock.atRest();
        assertThat(clock.instant()).isEqualTo(before);
    }

    @Test
    void takes_the_system_clocks_time_where_nothing_goes_on() {
        system = system.minus(Duration.ofHours(2));
        clock.follow();
        assertThat(clock.instant()).isEqualTo(system);
    }

    @Test
    void begins_no_earlier_than_an_earlier_one_has_been() {
        Instant been = START.plus(Duration.ofDays(1));
        assertThat(new SteadyClock(() -> system, () -> nanos, been).instant()).isEqualTo(been);
    }

    @Test
    void is_free_for_other_threads_once_it_was_read_and_set() throws InterruptedException {
        clock.instant();
        clock.follow();
        assertThat(Thread.ofVirtual().start(clock::instant).join(Duration.ofSeconds(10)))
                .isTrue();
    }
}
