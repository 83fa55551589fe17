package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How a writer distinguishes its own write from another's. */
class StepRecordTest {
    private static final StepRecord MEANT = Steps.record(Steps.running(Duration.ofSeconds(60), false));

    private static StepRecord other(int attempt, String owner, int budgetFrom, long cancelSeq, StepState state) {
        return new StepRecord(
                MEANT.id(),
                MEANT.shard(),
                MEANT.settings(),
                MEANT.createdAt(),
                new Attempts(new Attempts.Newest(attempt, owner, Steps.NOW, 7), budgetFrom, List.of()),
                new StepRecord.AnsweredCalls(cancelSeq, null),
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

    /** Its answer was lost; the next try begins with what was read before the cancel. */
    @Test
    void an_end_is_shown_by_one_that_was_written_after_a_cancel_and_not_by_one_before_it() {
        StepState ended = new StepState.Succeeded(new Payload.Inline("1"), Steps.NOW);
        StepRecord end = other(2, Steps.OWNER, 0, 1, ended);
        assertThat(end.isShownBy(other(2, Steps.OWNER, 0, 2, ended))).isTrue();
        assertThat(end.isShownBy(other(2, Steps.OWNER, 0, 0, ended))).isFalse();
    }

    @Test
    void keeps_a_note_whole_that_is_as_long_as_a_note_may_be() {
        String message = "x".repeat(120);
        assertThat(new FailedAttempt(1, Steps.NOW, Steps.NOW, StepError.Kind.TIMEOUT, message).message())
                .isEqualTo(message);
    }

    @Test
    void leaves_out_the_middle_of_a_note_that_is_longer() {
        String message = "begins with " + "x".repeat(97) + " and ends so";
        assertThat(message).hasSize(121);
        String kept = new FailedAttempt(1, Steps.NOW, Steps.NOW, StepError.Kind.TIMEOUT, message).message();
        assertThat(kept).startsWith("begins with x").endsWith("x and ends so").hasSizeLessThan(121);
        assertThat(kept.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(120);
    }

    @Test
    void is_named_by_its_run_and_its_key() {
        assertThat(MEANT.id()).hasToString("r1/load");
    }

    private static StepRecord suspectAt(int attempt, int budgetFrom, StepError.Kind... causes) {
        List<FailedAttempt> notes = new ArrayList<>();
        for (int i = 0; i < causes.length; i++) {
            notes.add(Steps.note(attempt - causes.length + i, causes[i]));
        }
        return Steps.record(attempt, budgetFrom, new StepState.Retrying(Steps.NOW), notes);
    }

    @Test
    void stays_a_suspect_while_a_stopped_worker_moves_its_budget() {
        StepError.Kind lost = StepError.Kind.WORKER_LOST;
        StepError.Kind stopped = StepError.Kind.WORKER_STOPPED;
        assertThat(suspectAt(2, 0, lost).suspect()).isTrue();
        assertThat(suspectAt(3, 1, lost, stopped).suspect())
                .as("counted from 0 at the loss")
                .isTrue();
        assertThat(suspectAt(4, 2, lost, stopped, stopped).suspect()).isTrue();
        assertThat(suspectAt(3, 1, lost, StepError.Kind.TIMEOUT).suspect())
                .as("lost before the budget")
                .isFalse();
        assertThat(suspectAt(3, 0, lost, StepError.Kind.TIMEOUT).suspect()).isTrue();
        assertThat(suspectAt(2, 0, stopped).suspect()).isFalse();
        assertThat(suspectAt(2, 0).suspect()).isFalse();
    }

    private static StepRecord written(Instant createdAt, @Nullable Instant startedAt, StepState state) {
        return new StepRecord(
                MEANT.id(),
                MEANT.shard(),
                MEANT.settings(),
                createdAt,
                new Attempts(new Attempts.Newest(2, Steps.OWNER, startedAt, 0), 0, List.of()),
                StepRecord.AnsweredCalls.NONE,
                state);
    }

    @Test
    void was_written_last_when_it_was_made_claimed_or_ended() {
        Instant now = Steps.NOW;
        StepState running = MEANT.state();
        assertThat(written(now, null, running).lastWritten()).isEqualTo(now);
        assertThat(written(now, now.plusSeconds(1), running).lastWritten()).isEqualTo(now.plusSeconds(1));
        assertThat(written(now, now.minusSeconds(1), running).lastWritten()).isEqualTo(now);
        StepState ended = new StepState.Failed(Steps.BROKEN, now.plusSeconds(9));
        assertThat(written(now, now.plusSeconds(1), ended).lastWritten()).isEqualTo(now.plusSeconds(9));
        assertThat(written(now, now.plusSeconds(10), ended).lastWritten()).isEqualTo(now.plusSeconds(10));
    }

    @Test
    void keeps_a_message_of_the_longest_length_whole() {
        String longest = "x".repeat(StepError.MAX_MESSAGE);
        assertThat(new StepError(StepError.Kind.TIMEOUT, longest).message()).isEqualTo(longest);
        assertThat(new StepError(StepError.Kind.TIMEOUT, longest + "x").message())
                .contains("\u2026");
    }

    private static StepRecord ended(StepState state, FailedAttempt... history) {
        return Steps.record(2, 0, state, List.of(history));
    }

    /** Its newest attempt was claimed ten seconds ago. */
    @Test
    void says_how_long_its_last_attempt_ran_once_it_has_ended() {
        StepState succeeded = new StepState.Succeeded(Payload.NULL, Steps.NOW);
        Duration ten = Duration.ofSeconds(10);
        assertThat(MEANT.lastAttemptRan()).isEmpty();
        assertThat(ended(succeeded).lastAttemptRan()).contains(ten);
        assertThat(ended(succeeded, Steps.lost(1)).lastAttemptRan()).contains(ten);
        assertThat(ended(succeeded, Steps.note(2, StepError.Kind.REDRIVEN)).lastAttemptRan())
                .contains(ten);
        assertThat(StepRecord.unclaimed(Steps.spec(), Steps.NOW, new StepState.Cancelled(Steps.NOW))
                        .lastAttemptRan())
                .isEmpty();
    }

    @Test
    void that_was_cancelled_while_it_waited_for_a_retry_does_not_count_that_wait() {
        FailedAttempt last = new FailedAttempt(
                2, Steps.NOW.minusSeconds(10), Steps.NOW.minusSeconds(4), StepError.Kind.HANDLER_FAILED, "no");
        StepState cancelled = new StepState.Cancelled(Steps.NOW.plusSeconds(60));
        assertThat(ended(cancelled, last).lastAttemptRan()).contains(Duration.ofSeconds(6));
    }

    @Test
    void whose_clocks_differed_ran_for_no_less_than_nothing() {
        StepState early = new StepState.Succeeded(Payload.NULL, Steps.NOW.minusSeconds(20));
        assertThat(ended(early).lastAttemptRan()).contains(Duration.ZERO);
    }
}
