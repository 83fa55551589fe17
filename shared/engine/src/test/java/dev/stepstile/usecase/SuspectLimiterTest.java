package dev.stepstile.usecase;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The turns of suspects. */
class SuspectLimiterTest {
    private final SuspectLimiter all = SuspectLimiter.among(8);
    private final SuspectLimiter one = all.share();
    private final SuspectLimiter other = all.share();

    @Test
    void are_a_quarter_of_the_workers_whoever_takes_them() {
        assertThat(one.take()).isTrue();
        assertThat(other.take()).isTrue();
        assertThat(all.take()).isFalse();
        other.giveBack();
        assertThat(one.take()).isTrue();
        assertThat(other.take()).isFalse();
    }

    @Test
    void of_a_worker_that_is_gone_are_free_again() {
        assertThat(one.take()).isTrue();
        assertThat(one.take()).isTrue();
        one.release();
        assertThat(other.take()).isTrue();
        assertThat(other.take()).isTrue();
        assertThat(other.take()).isFalse();
    }

    @Test
    void are_not_given_back_twice_by_a_worker_that_is_gone_and_goes_on() {
        assertThat(one.take()).isTrue();
        one.release();
        one.giveBack();
        one.release();
        assertThat(one.take()).as("by a worker that is gone").isFalse();
        assertThat(other.take()).isTrue();
        assertThat(other.take()).isTrue();
        assertThat(other.take()).isFalse();
    }

    @Test
    void that_a_worker_gave_back_are_not_freed_again_when_it_is_gone() {
        assertThat(one.take()).isTrue();
        assertThat(one.take()).isTrue();
        one.giveBack();
        one.release();
        assertThat(other.take()).isTrue();
        assertThat(other.take()).isTrue();
        assertThat(other.take()).isFalse();
    }
}
