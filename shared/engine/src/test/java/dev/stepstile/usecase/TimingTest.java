package dev.stepstile.usecase;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TimingTest {
    @Test
    void is_by_default_what_the_design_promises() {
        Timing timing = Timing.DEFAULT;
        assertThat(timing.lease()).isEqualTo(Duration.ofSeconds(15));
        assertThat(timing.heartbeat()).isEqualTo(Duration.ofSeconds(5));
        assertThat(timing.lookEvery()).isEqualTo(Duration.ofSeconds(10));
        assertThat(timing.margin()).isEqualTo(Duration.ofSeconds(5));
        assertThat(timing.sweepEvery()).isEqualTo(Duration.ofSeconds(60));
        assertThat(timing.resending().lostAfter()).isEqualTo(Duration.ofMinutes(2));
        assertThat(timing.resending().unclaimedAfter()).isEqualTo(Duration.ofHours(1));
        assertThat(timing.resending().unclaimedCap()).isEqualTo(Duration.ofHours(12));
    }

    @Test
    void takes_a_short_lease_as_a_wish_for_quick_recovery() {
        Timing timing =
                Timing.of(Duration.ofSeconds(3), Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofSeconds(9));
        assertThat(timing.resending().lostAfter()).isEqualTo(Duration.ofSeconds(24));
        assertThat(timing.heartbeat()).isEqualTo(Duration.ofSeconds(1));
    }
}
