package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How a writer tells its own write from another's. */
class StepRecordTest {
    private static final StepRecord MEANT = Steps.record(Steps.running(Duration.ofSeconds(60), false));

    private static StepRecord other(int attempt, String owner, int budgetFrom, long cancelSeq, StepState state) {
        return new StepRecord(
                MEANT.id(),
                MEANT.shard(),
                MEANT.pinned(),
                attempt,
                owner,
                budgetFrom,
                cancelSeq,
                MEANT.createdAt(),
                MEANT.startedAt(),
                MEANT.pages(),
                List.of(),
                state);
    }

    @Test
    void is_shown_by_what_it_would_have_left_whatever_its_times() {
        StepState running = Steps.running(Duration.ofSeconds(7), false);
        assertThat(MEANT.isShownBy(other(2, Steps.OWNER, 0, 0, running))).isTrue();
    }

    @Test
    void is_not_shown_by_a_record_in_which_any_one_thing_differs() {
        StepState running = MEANT.state();
        assertThat(MEANT.isShownBy(null)).isFalse();
        assertThat(MEANT.isShownBy(other(3, Steps.OWNER, 0, 0, running))).isFalse();
        assertThat(MEANT.isShownBy(other(2, "another", 0, 0, running))).isFalse();
        assertThat(MEANT.isShownBy(other(2, Steps.OWNER, 1, 0, running))).isFalse();
        assertThat(MEANT.isShownBy(other(2, Steps.OWNER, 0, 1, running))).isFalse();
        assertThat(MEANT.isShownBy(other(2, Steps.OWNER, 0, 0, new StepState.Retrying(Steps.NOW))))
                .isFalse();
    }

    @Test
    void keeps_a_note_whole_that_is_as_long_as_a_note_may_be() {
        String message = "x".repeat(120);
        assertThat(new AttemptNote(1, Steps.NOW, Steps.NOW, StepError.Kind.TIMEOUT, message).message())
                .isEqualTo(message);
    }

    @Test
    void leaves_out_the_middle_of_a_note_that_is_longer() {
        String message = "begins with " + "x".repeat(97) + " and ends so";
        assertThat(message).hasSize(121);
        String kept = new AttemptNote(1, Steps.NOW, Steps.NOW, StepError.Kind.TIMEOUT, message).message();
        assertThat(kept).startsWith("begins with x").endsWith("x and ends so").hasSizeLessThan(121);
        assertThat(kept.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(120);
    }

    @Test
    void is_named_by_its_run_and_its_key() {
        assertThat(MEANT.id()).hasToString("r1/load");
    }
}
