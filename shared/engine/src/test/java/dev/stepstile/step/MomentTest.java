package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class MomentTest {
    private static final Instant INSTANT = Instant.parse("2026-11-24T09:00:00.0007Z");

    @Test
    void that_is_an_instant_is_one_of_whole_milliseconds_whenever_its_call_is_accepted() {
        assertThat(new Moment.At(INSTANT).from(Steps.NOW)).isEqualTo("2026-11-24T09:00:00Z");
    }

    @Test
    void that_is_a_delay_counts_from_when_its_call_is_accepted() {
        assertThat(new Moment.After(Duration.ofSeconds(90)).from(Steps.NOW)).isEqualTo("2026-11-24T08:01:30Z");
    }

    /** Else a call that is repeated after its answer was lost would be another one. */
    @Test
    void is_digested_as_it_was_given() {
        assertThat(new Moment.At(INSTANT).text()).isEqualTo("2026-11-24T09:00:00.000700Z");
        assertThat(new Moment.After(Duration.ofSeconds(90)).text()).isEqualTo("PT1M30S");
    }
}
