package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.StepEvent.FailureKind;
import dev.stepstile.step.StepState.Cancelled;
import dev.stepstile.step.StepState.Dead;
import dev.stepstile.step.StepState.Failed;
import dev.stepstile.step.StepState.Retrying;
import dev.stepstile.step.StepState.Running;
import dev.stepstile.step.StepState.Succeeded;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A step's life, rule by rule; {@link StateTableTest} has every cell. */
class StepLifeTest {
    private static final Instant NOW = Steps.NOW;

    private static StepEvent.Fail failed(int attempt, FailureKind failureKind) {
        return new StepEvent.Fail(
                attempt, "owner-new", new StepEvent.Cause(failureKind, Steps.BROKEN), Duration.ZERO, 0);
    }

    @Nested
    class A_first_claim {
        private final StepRecord claimed = Steps.after(null, Steps.claim(Steps.spec(), false));

        @Test
        void is_attempt_1_and_pins_what_its_dispatch_said() {
            assertThat(claimed.attempt()).isEqualTo(1);
            assertThat(claimed.attempts().budgetFrom()).isZero();
            assertThat(claimed.settings()).isEqualTo(Steps.spec().settings());
            assertThat(claimed.owner()).isEqualTo("owner-new");
            assertThat(claimed.createdAt()).isEqualTo(NOW);
            assertThat(claimed.attempts().newest().startedAt()).isEqualTo(NOW);
            assertThat(claimed.state()).isEqualTo(new Running(NOW.plus(Steps.LEASE), false));
        }

        @Test
        void is_refused_to_another_dispatch_from_then_on() {
            StepEvent later = Steps.claim(Steps.spec("d2"), true);
            assertThat(StepLife.on(claimed, later, NOW.plus(Duration.ofDays(1))))
                    .isEqualTo(new Transition.Attached(claimed));
        }

        @Test
        void comes_in_time_at_validUntil_and_too_late_a_millisecond_after_it() {
            Instant validUntil = Steps.spec().validUntil();
            StepEvent claim = Steps.claim(Steps.spec(), false);
            assertThat(Steps.after(null, claim, validUntil).state()).isInstanceOf(Running.class);

            StepRecord late = Steps.after(null, claim, validUntil.plusMillis(1));
            assertThat(late.state()).isInstanceOfSatisfying(Dead.class, dead -> {
                assertThat(dead.error().kind()).isEqualTo(StepError.Kind.EXPIRED);
                assertThat(dead.error().message()).contains(validUntil.toString(), "dispatch it again");
                assertThat(dead.deadLetteredAt()).isNull();
            });
            assertThat(late.attempt()).isZero();
        }

        @Test
        void needs_no_validity_once_there_is_a_record() {
            StepRecord retrying = Steps.record(new Retrying(NOW));
            assertThat(Steps.after(retrying, Steps.claim(Steps.expired(), false))
                            .attempt())
                    .isEqualTo(3);
        }
    }

    @Nested
    class A_running_step {
        private final StepRecord running = Steps.record(Steps.running(Duration.ZERO, false));

        @Test
        void is_never_taken_over_by_a_claim() {
            StepEvent claim = Steps.claim(Steps.spec(), true);
            assertThat(StepLife.on(running, claim, NOW.plus(Duration.ofDays(1))))
                    .isEqualTo(new Transition.Held(running));
        }

        @Test
        void is_overdue_once_its_deadline_and_the_margin_are_over() {
            Instant over = NOW.plus(Steps.MARGIN);
            StepEvent expire = new StepEvent.Expire(Steps.MARGIN);
            assertThat(StepLife.on(running, expire, over.minusMillis(1))).isEqualTo(new Transition.Unchanged());
            assertThat(Steps.after(running, expire, over).state()).isEqualTo(new Retrying(over));
            assertThat(running.overdue(over.minusMillis(1), Steps.MARGIN)).isFalse();
            assertThat(running.overdue(over, Steps.MARGIN)).isTrue();
            assertThat(Steps.record(new Retrying(NOW)).overdue(NOW.plusSeconds(99), Steps.MARGIN))
                    .isFalse();
        }

        @Test
        void whose_worker_is_lost_remembers_it_and_what_it_ran_beside_and_is_a_suspect() {
            StepEvent lost = new StepEvent.WorkerLost(Steps.WORKER, 2, ", beside a, b");
            StepRecord next = Steps.after(running, lost);
            assertThat(next.history()).singleElement().satisfies(note -> {
                assertThat(note.attempt()).isEqualTo(2);
                assertThat(note.cause()).isEqualTo(StepError.Kind.WORKER_LOST);
                assertThat(note.message()).contains("Attempt 2", "beside a, b");
                assertThat(note.startedAt())
                        .isEqualTo(running.attempts().newest().startedAt());
                assertThat(note.endedAt()).isEqualTo(NOW);
            });
            assertThat(next.state()).isEqualTo(new Retrying(NOW));
            assertThat(next.suspect()).isTrue();
            StepRecord claimed = Steps.after(next, Steps.claim(Steps.spec(), true));
            assertThat(claimed.attempts().newest().pages()).isZero();
        }

        @Test
        void names_its_worker_and_none_if_a_version_before_claimed_it() {
            assertThat(running.worker()).isEqualTo(Steps.WORKER);
            assertThat(WorkerRecord.workerOf("a-token-without-a-worker")).isNull();
        }

        @Test
        void that_is_asked_to_stop_keeps_its_deadline() {
            StepRecord asked = Steps.after(running, new StepEvent.Cancel(Steps.spec(), 5));
            assertThat(asked.state()).isEqualTo(new Running(NOW, true));
            assertThat(asked.cancelSeq()).isEqualTo(5);
            assertThat(StepLife.on(asked, new StepEvent.Cancel(Steps.spec(), 5), NOW))
                    .isEqualTo(new Transition.Unchanged());
        }

        @Test
        void records_a_success_with_its_pages_and_time() {
            StepRecord ended = Steps.after(running, Steps.succeed(2, Steps.OWNER));
            assertThat(ended.state()).isEqualTo(new StepState.Succeeded(new Payload.Inline("42"), NOW));
            assertThat(ended.attempts().newest().pages()).isEqualTo(2);
            assertThat(ended.owner()).isEqualTo(Steps.OWNER);
        }
    }

    @Nested
    class A_failure {
        @Test
        void is_retried_after_its_wait_and_noted() {
            StepRecord retrying = Steps.after(
                    Steps.record(Steps.running(Steps.LEASE, false)), Steps.fail(2, Steps.OWNER, FailureKind.RETRYABLE));
            assertThat(retrying.state()).isEqualTo(new Retrying(NOW.plusSeconds(7)));
            assertThat(retrying.history()).singleElement().satisfies(note -> {
                assertThat(note.cause()).isEqualTo(StepError.Kind.HANDLER_FAILED);
                assertThat(note.message()).isEqualTo("it broke");
            });
            assertThat(retrying.attempts().newest().pages()).isEqualTo(2);
            assertThat(retrying.suspect()).isFalse();
        }

        @Test
        void of_the_last_attempt_is_death_with_the_attempts_own_error() {
            StepRecord last = Steps.record(3, 0, Steps.running(Steps.LEASE, false), List.of());
            assertThat(Steps.after(last, Steps.fail(3, Steps.OWNER, FailureKind.RETRYABLE))
                            .state())
                    .isEqualTo(new Dead(Steps.BROKEN, NOW, null));
        }

        @Test
        void by_silence_of_the_last_attempt_is_death_that_says_so() {
            StepRecord last = Steps.record(3, 0, Steps.running(Steps.MARGIN.negated(), false), List.of());
            assertThat(Steps.after(last, new StepEvent.Expire(Steps.MARGIN)).state())
                    .isInstanceOfSatisfying(Dead.class, dead -> {
                        assertThat(dead.error().kind()).isEqualTo(StepError.Kind.WORKER_LOST);
                        assertThat(dead.error().message()).contains("Attempt 3", "the last of 3");
                    });
        }

        @Test
        void whose_retry_could_only_begin_at_the_deadline_is_the_end_and_its_error_has_it() {
            Window window = new Window(null, NOW.plusSeconds(7));
            StepRecord ended = Steps.after(
                    Steps.record(Steps.running(Steps.LEASE, false), window),
                    Steps.fail(2, Steps.OWNER, FailureKind.RETRYABLE));
            assertThat(ended.state())
                    .isEqualTo(notDone("2026-11-24T08:00:07Z; the last attempt: HANDLER_FAILED: it broke."));
        }

        @Test
        void before_the_deadline_is_not_told_again_by_it() {
            StepRecord late = Steps.record(new Retrying(NOW), new Window(null, NOW));
            assertThat(Steps.after(late, Steps.claim(Steps.spec(), false)).state())
                    .isEqualTo(notDone("2026-11-24T08:00:00Z."));
        }

        private StepState.Failed notDone(String byAndWhy) {
            String message =
                    "Not done by its deadline, " + byAndWhy + " Redrive it to run it without one, or with another.";
            return new StepState.Failed(new StepError(StepError.Kind.DEADLINE, message), NOW);
        }

        @Test
        void that_is_unrecoverable_costs_the_rest_of_the_budget() {
            StepRecord first = Steps.record(1, 0, Steps.running(Steps.LEASE, false), List.of());
            assertThat(Steps.after(first, Steps.fail(1, Steps.OWNER, FailureKind.UNRECOVERABLE))
                            .state())
                    .isInstanceOf(Dead.class);
        }
    }

    @Nested
    class A_budget {
        @Test
        void of_three_gives_three_attempts_and_three_more_after_each_redrive() {
            StepRecord record = Steps.after(null, Steps.claim(Steps.spec(), true));
            int attempts = 0;
            for (int redrives = 0; redrives < 4; redrives++) {
                for (int i = 0; i < 3; i++) {
                    record = attempts == 0 ? record : Steps.after(record, Steps.claim(Steps.spec(), true));
                    attempts++;
                    assertThat(record.attempt()).isEqualTo(attempts);
                    assertThat(record.budgetLeft()).isEqualTo(i < 2);
                    StepEvent.Fail failure = failed(attempts, FailureKind.RETRYABLE);
                    record = Steps.after(record, failure);
                }
                assertThat(record.state()).isInstanceOf(Dead.class);
                record = Steps.after(record, new StepEvent.Redrive(redrives, null));
                assertThat(record.attempts().budgetFrom()).isEqualTo(attempts);
                assertThat(record.attempt()).isEqualTo(attempts);
                assertThat(record.cancelSeq()).isEqualTo(redrives);
                assertThat(record.state()).isEqualTo(new Retrying(NOW));
            }
        }

        @Test
        void that_a_redrive_began_anew_clears_the_suspicion_of_the_old_one() {
            StepRecord dead =
                    Steps.record(3, 0, new Dead(Steps.BROKEN, NOW, NOW), List.of(Steps.lost(2), Steps.lost(3)));
            assertThat(dead.suspect()).isTrue();
            StepRecord redriven = Steps.after(dead, new StepEvent.Redrive(0, null));
            assertThat(redriven.suspect()).isFalse();
            assertThat(Steps.after(redriven, Steps.claim(Steps.spec(), false)).attempt())
                    .isEqualTo(4);
        }

        @Test
        void is_spent_by_lost_workers_too() {
            StepRecord record = Steps.record(3, 1, Steps.running(Steps.LEASE, false), List.of());
            assertThat(record.budgetLeft()).isTrue();
            StepRecord lost = Steps.after(record, new StepEvent.WorkerLost(Steps.WORKER, 3, ""));
            StepRecord fourth = Steps.after(lost, Steps.claim(Steps.spec(), true));
            assertThat(fourth.budgetLeft()).isFalse();
        }
    }

    @Nested
    class A_redrive_call {
        @Test
        void leaves_the_redrivable_states_and_no_other() {
            StepState[] states = {
                Steps.running(Steps.LEASE, false),
                new Retrying(NOW),
                new Succeeded(Payload.NULL, NOW),
                new Failed(Steps.BROKEN, NOW),
                new Dead(Steps.BROKEN, NOW, NOW),
                new Cancelled(NOW)
            };
            for (StepState state : states) {
                boolean redriven = StepLife.on(Steps.record(state), new StepEvent.Redrive(1, null), NOW)
                        instanceof Transition.Write;
                assertThat(redriven).as(state.toString()).isEqualTo(StepState.REDRIVABLE.contains(state.name()));
            }
        }

        private StepRecord dead(int attempt) {
            return Steps.record(attempt, 0, new Dead(Steps.BROKEN, NOW, NOW), List.of());
        }

        private StepEvent by(String call) {
            return new StepEvent.Redrive(0, null, call, StepOverrides.NONE);
        }

        @Test
        void redrives_a_step_once_however_often_it_is_made() {
            StepRecord redriven = Steps.after(dead(3), by("once"));
            StepRecord again = Steps.after(redriven, Steps.claim(Steps.spec(), true));
            again = Steps.after(again, failed(4, FailureKind.UNRECOVERABLE));
            assertThat(again.state()).isInstanceOf(Dead.class);
            assertThat(again.answered().redrivenBy()).isEqualTo("once");
            assertThat(StepLife.on(again, by("once"), NOW)).isEqualTo(new Transition.Unchanged());
            assertThat(Steps.after(again, by("twice")).attempts().budgetFrom()).isEqualTo(4);
        }

        @Test
        void is_remembered_over_a_clean_stop() {
            StepRecord redriven = Steps.after(dead(3), by("once"));
            StepRecord running = Steps.after(redriven, Steps.claim(Steps.spec(), true));
            StepRecord released = Steps.after(running, new StepEvent.Release(4, "owner-new", 0));
            assertThat(released.answered().redrivenBy()).isEqualTo("once");
        }

        @Test
        void is_not_taken_for_another_one_of_the_same_moment() {
            StepRecord one = Steps.after(dead(3), by("one"));
            StepRecord other = Steps.after(dead(3), by("other"));
            assertThat(one.isShownBy(one)).isTrue();
            assertThat(one.isShownBy(other)).isFalse();
        }

        @Test
        void changes_only_what_it_names_and_says_so_without_the_input() {
            StepOverrides overrides = new StepOverrides(
                    "other",
                    new StepOverrides.Retries(null, Duration.ofMillis(1500), null, null, null),
                    null,
                    new Payload.Inline("\"secret\""));
            StepRecord record = Steps.after(dead(3), new StepEvent.Redrive(0, null, "call", overrides));
            StepSettings before = dead(3).settings();
            assertThat(record.settings())
                    .isEqualTo(new StepSettings(
                            before.dispatchId(),
                            before.index(),
                            "other",
                            new RetryPolicy(
                                    before.retry().maxAttempts(),
                                    Duration.ofMillis(1500),
                                    before.retry().cap()),
                            before.timeout(),
                            new Payload.Inline("\"secret\"")));
            assertThat(record.history().getLast().message())
                    .contains("handler " + before.handler() + " -> other", "-> 1.5", "another input", "by call")
                    .doesNotContain("secret", "timeoutSeconds", "maxAttempts");
        }
    }

    @Nested
    class A_retry_rule {
        private static final StepError LATE = new StepError(StepError.Kind.TIMEOUT, "late");

        private static StepState afterFailure(
                RetryRule rule, FailureKind failureKind, StepError error, String... names) {
            StepEvent.Cause cause = new StepEvent.Cause(failureKind, error, List.of(names));
            return Steps.after(
                            Steps.record(Steps.running(Steps.LEASE, false), rule),
                            new StepEvent.Fail(2, Steps.OWNER, cause, Duration.ZERO, 0))
                    .state();
        }

        private static RetryRule on(String... names) {
            return new RetryRule(List.of(names), List.of());
        }

        private static RetryRule never(String... names) {
            return new RetryRule(List.of(), List.of(names));
        }

        @Test
        void retries_everything_that_may_be_if_it_names_nothing() {
            assertThat(afterFailure(RetryRule.ANY, FailureKind.RETRYABLE, LATE)).isInstanceOf(Retrying.class);
            assertThat(afterFailure(RetryRule.ANY, FailureKind.RETRYABLE, Steps.BROKEN, "A"))
                    .isInstanceOf(Retrying.class);
        }

        @Test
        void retries_only_what_on_names_by_kind_or_by_name() {
            assertThat(afterFailure(on("TIMEOUT"), FailureKind.RETRYABLE, LATE)).isInstanceOf(Retrying.class);
            assertThat(afterFailure(on("TIMEOUT"), FailureKind.RETRYABLE, Steps.BROKEN, "A"))
                    .isInstanceOf(Failed.class);
            assertThat(afterFailure(on("x.A", "B"), FailureKind.RETRYABLE, Steps.BROKEN, "y.C", "C", "y.B", "B"))
                    .isInstanceOf(Retrying.class);
            assertThat(afterFailure(on("x.A", "B"), FailureKind.RETRYABLE, Steps.BROKEN, "y.C", "C"))
                    .isInstanceOf(Failed.class);
        }

        @Test
        void retries_nothing_that_never_names_even_if_on_names_it_too() {
            RetryRule both = new RetryRule(List.of("HANDLER_FAILED"), List.of("A"));
            assertThat(afterFailure(both, FailureKind.RETRYABLE, Steps.BROKEN, "B"))
                    .isInstanceOf(Retrying.class);
            assertThat(afterFailure(both, FailureKind.RETRYABLE, Steps.BROKEN, "B", "A"))
                    .isInstanceOf(Failed.class);
            assertThat(afterFailure(never("TIMEOUT"), FailureKind.RETRYABLE, LATE))
                    .isInstanceOf(Failed.class);
        }

        @Test
        void retries_a_failure_that_is_expected_to_pass_unless_never_names_it() {
            assertThat(afterFailure(on("A"), FailureKind.PASSING, Steps.BROKEN, "RetryAfter"))
                    .isInstanceOf(Retrying.class);
            assertThat(afterFailure(never("RetryAfter"), FailureKind.PASSING, Steps.BROKEN, "RetryAfter"))
                    .isInstanceOf(Failed.class);
        }

        @Test
        void says_in_the_error_why_nothing_follows() {
            assertThat(afterFailure(never("A"), FailureKind.RETRYABLE, Steps.BROKEN, "B", "A"))
                    .isEqualTo(new Failed(
                            new StepError(StepError.Kind.HANDLER_FAILED, "it broke (not retried: retry.never names A)"),
                            NOW));
            assertThat(((Failed) afterFailure(on("B"), FailureKind.RETRYABLE, LATE))
                            .error()
                            .message())
                    .endsWith("late (not retried: retry.on does not name it)");
        }

        @Test
        void is_not_held_against_a_lost_or_stopped_worker_unless_never_names_that() {
            StepEvent lost = new StepEvent.WorkerLost(Steps.WORKER, 2, "");
            StepEvent stopped = new StepEvent.Release(2, Steps.OWNER, 0);
            StepState running = Steps.running(Steps.LEASE, false);
            for (StepEvent event : List.of(lost, stopped)) {
                assertThat(Steps.after(Steps.record(running, on("A")), event).state())
                        .isInstanceOf(Retrying.class);
                RetryRule neither = never("WORKER_LOST", "WORKER_STOPPED");
                StepRecord ended = Steps.after(Steps.record(running, neither), event);
                assertThat(ended.state()).isInstanceOf(Failed.class);
                assertThat(ended.history()).hasSize(1);
                assertThat(ended.attempts().budgetFrom()).isZero();
            }
        }

        @Test
        void accepts_kinds_that_can_be_retried_and_names_of_exceptions() {
            for (String name :
                    List.of("TIMEOUT", "WORKER_STOPPED", "java.io.IOException", "a.B$C", "Errno::ENOENT", "größe")) {
                assertThat(RetryRule.isName(name)).as(name).isTrue();
            }
            for (String name : List.of("", "TIME_OUT", "UNKNOWN_HANDLER", "a b", "a\n", "x".repeat(201))) {
                assertThat(RetryRule.isName(name)).as(name).isFalse();
            }
        }
    }

    @Nested
    class A_suspect {
        @Test
        void is_a_step_that_lost_a_worker_in_its_present_budget() {
            StepState due = new Retrying(NOW);
            assertThat(Steps.record(2, 0, due, List.of(Steps.lost(1))).suspect())
                    .isTrue();
            assertThat(Steps.record(2, 1, due, List.of(Steps.lost(1))).suspect())
                    .isFalse();
            assertThat(Steps.record(2, 0, due, List.of(Steps.note(1, StepError.Kind.TIMEOUT)))
                            .suspect())
                    .isFalse();
        }

        @Test
        void that_is_not_due_is_told_so_before_anything_else() {
            StepRecord early = Steps.record(2, 0, new Retrying(NOW.plusSeconds(1)), List.of(Steps.lost(2)));
            assertThat(StepLife.on(early, Steps.claim(Steps.spec(), false), NOW))
                    .isEqualTo(new Transition.NotDue(NOW.plusSeconds(1)));
        }
    }

    @Nested
    class A_cancel {
        @Test
        void leaves_what_was_redriven_after_it_and_takes_it_when_it_is_repeated() {
            StepRecord cancelled = Steps.after(null, new StepEvent.Cancel(Steps.spec(), 1));
            assertThat(cancelled.attempt()).isZero();
            StepRecord redriven = Steps.after(cancelled, new StepEvent.Redrive(1, null));
            assertThat(StepLife.on(redriven, new StepEvent.Cancel(Steps.spec(), 1), NOW))
                    .isEqualTo(new Transition.Unchanged());
            assertThat(Steps.after(redriven, new StepEvent.Cancel(Steps.spec(), 2))
                            .state())
                    .isEqualTo(new StepState.Cancelled(NOW));
        }

        @Test
        void of_the_step_alone_answers_no_cancel_of_its_run() {
            StepRecord cancelled = Steps.after(null, new StepEvent.CancelStep(Steps.spec()));
            assertThat(cancelled.state()).isEqualTo(new StepState.Cancelled(NOW));
            assertThat(cancelled.cancelSeq()).isZero();
            StepRecord redriven = Steps.after(cancelled, new StepEvent.Redrive(0, null));
            assertThat(Steps.after(redriven, new StepEvent.CancelStep(Steps.spec()))
                            .state())
                    .isEqualTo(new StepState.Cancelled(NOW));
            assertThat(Steps.after(redriven, new StepEvent.Cancel(Steps.spec(), 1))
                            .state())
                    .isEqualTo(new StepState.Cancelled(NOW));
        }

        @Test
        void loses_to_a_success_and_wins_over_every_other_end() {
            StepRecord asked = Steps.record(Steps.running(Steps.LEASE, true));
            assertThat(Steps.after(asked, Steps.succeed(2, Steps.OWNER)).state())
                    .isInstanceOf(StepState.Succeeded.class);
            for (FailureKind failureKind : FailureKind.values()) {
                assertThat(Steps.after(asked, Steps.fail(2, Steps.OWNER, failureKind))
                                .state())
                        .isEqualTo(new StepState.Cancelled(NOW));
            }
        }
    }

    @Nested
    class A_dead_letter {
        private final StepRecord dead = Steps.record(new Dead(Steps.BROKEN, NOW.minusSeconds(9), null));

        @Test
        void marks_its_step_once_and_keeps_the_time_of_death() {
            StepRecord deadLettered = Steps.after(dead, new StepEvent.DeadLettered(2));
            assertThat(deadLettered.state()).isEqualTo(new Dead(Steps.BROKEN, NOW.minusSeconds(9), NOW));
            assertThat(StepLife.on(deadLettered, new StepEvent.DeadLettered(2), NOW))
                    .isEqualTo(new Transition.Unchanged());
        }

        @Test
        void of_another_attempt_neither_marks_nor_redrives() {
            assertThat(StepLife.on(dead, new StepEvent.DeadLettered(1), NOW)).isEqualTo(new Transition.Unchanged());
            assertThat(StepLife.on(dead, new StepEvent.Redrive(0, 1), NOW)).isEqualTo(new Transition.Unchanged());
            assertThat(Steps.after(dead, new StepEvent.Redrive(0, 2)).state()).isEqualTo(new Retrying(NOW));
        }
    }

    @Nested
    class A_history {
        @Test
        void holds_the_last_ten_attempts() {
            StepRecord record = Steps.record(0, 0, new Retrying(NOW), List.of());
            for (int i = 1; i <= 25; i++) {
                record = Steps.after(record, Steps.claim(Steps.spec(), true));
                record = Steps.after(record, failed(i, FailureKind.RETRYABLE));
                if (record.state() instanceof Dead) {
                    record = Steps.after(record, new StepEvent.Redrive(0, null));
                }
            }
            assertThat(record.history())
                    .extracting(FailedAttempt::attempt)
                    .containsExactly(16, 17, 18, 19, 20, 21, 22, 23, 24, 25);
        }

        @Test
        void cuts_a_note_to_200_bytes_without_breaking_a_character() {
            for (String start : List.of("", "x", "xx", "xxx")) {
                for (String piece : List.of("x", "ü", "漢", "🚀", "\n")) {
                    cut(start + piece.repeat(500));
                }
            }
        }

        private void cut(String text) {
            FailedAttempt note = new FailedAttempt(1_000_000, NOW, NOW, StepError.Kind.RESULT_NOT_SERIALISABLE, text);
            String message = note.message();
            int bytes = message.getBytes(StandardCharsets.UTF_8).length;
            assertThat(bytes).isBetween(110, 120);
            assertThat(new String(message.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                    .as("no half of a character is left")
                    .isEqualTo(message);
            // the number, two instants in milliseconds, and the cause's name are the rest
            int whole =
                    bytes + "1000000".length() + 2 * 13 + note.cause().name().length();
            assertThat(whole).isLessThanOrEqualTo(200);
        }

        @Test
        void cuts_an_error_to_500_characters_and_a_progress_note_to_100() {
            assertThat(new StepState.Progress(2, "n".repeat(101)))
                    .isEqualTo(new StepState.Progress(1, "n".repeat(100)));
            assertThat(new StepState.Progress(-1, "n".repeat(99) + "🚀").note()).isEqualTo("n".repeat(99));
            assertThat(new StepState.Progress(Double.NaN, "").fraction()).isZero();
            assertThat(new StepError(StepError.Kind.TIMEOUT, "y".repeat(198) + "🚀" + "y".repeat(301)).message())
                    .as("no half of a character is left")
                    .isEqualTo("y".repeat(198) + "…" + "y".repeat(300));
            assertThat(new StepError(StepError.Kind.TIMEOUT, "y".repeat(200) + "🚀" + "y".repeat(299)).message())
                    .isEqualTo("y".repeat(199) + "…" + "y".repeat(299));
            StepError error = new StepError(StepError.Kind.TIMEOUT, "what" + "y".repeat(501) + "why");
            assertThat(error.message())
                    .hasSize(500)
                    .startsWith("whaty")
                    .contains("y…y")
                    .endsWith("ywhy");
            assertThat(new StepError(StepError.Kind.TIMEOUT, "y".repeat(500)).message())
                    .hasSize(500)
                    .doesNotContain("…");
        }
    }

    @Nested
    class Whatever_happens {
        /** 150 lives of 200 events each, at random; a failure names its seed. */
        @Test
        void the_fence_rises_by_claims_alone_and_a_success_stays() {
            for (int seed = 0; seed < 150; seed++) {
                RandomGenerator random = new Random(seed);
                StepRecord record = null;
                Instant now = NOW;
                for (int i = 0; i < 200; i++) {
                    now = now.plusMillis(random.nextInt(90_000));
                    StepEvent event = event(record, random);
                    Transition transition = StepLife.on(record, event, now);
                    if (transition instanceof Transition.Write(StepRecord next, Precondition _)) {
                        check("seed " + seed + ", event " + i + ": " + event, record, event, next);
                        record = next;
                    }
                }
            }
        }

        private StepEvent event(@Nullable StepRecord record, RandomGenerator random) {
            int attempt = record == null ? 0 : Math.max(0, record.attempt() - random.nextInt(4) / 3);
            String owner = record == null || random.nextInt(5) == 0 ? "nobody" : record.owner();
            StepSpec spec = Steps.spec(random.nextInt(8) == 0 ? "d2" : "d1");
            return switch (random.nextInt(12)) {
                case 0, 1, 2, 3 ->
                    new StepEvent.Claim(
                            spec,
                            WorkerRecord.owner("w" + random.nextInt(3), random.nextInt()),
                            NOW,
                            random.nextBoolean());
                case 4 -> new StepEvent.WorkerLost("w" + random.nextInt(3), attempt, "");
                case 5 -> Steps.succeed(attempt, random.nextInt(4) == 0 ? owner : "nobody");
                case 6, 7 ->
                    Steps.fail(attempt, owner, List.of(FailureKind.values()).get(random.nextInt(3)));
                case 8 -> new StepEvent.Expire(Steps.MARGIN);
                case 9 -> new StepEvent.Cancel(spec, random.nextInt(3));
                case 10 -> new StepEvent.Redrive(random.nextInt(3), random.nextBoolean() ? attempt : null);
                default ->
                    random.nextBoolean()
                            ? new StepEvent.DeadLettered(attempt)
                            : new StepEvent.Discard(spec, Steps.BROKEN);
            };
        }

        private void check(String what, @Nullable StepRecord before, StepEvent event, StepRecord next) {
            assertThat(next.history().size()).as(what).isLessThanOrEqualTo(Attempts.MAX_HISTORY);
            if (before == null) {
                return;
            }
            boolean claim = event instanceof StepEvent.Claim;
            assertThat(next.attempt()).as(what).isEqualTo(before.attempt() + (claim ? 1 : 0));
            assertThat(before.state()).as(what).isNotInstanceOf(StepState.Succeeded.class);
            assertThat(next.settings()).as(what).isEqualTo(before.settings());
            assertThat(next.attempts().budgetFrom())
                    .as(what)
                    .isGreaterThanOrEqualTo(before.attempts().budgetFrom());
            assertThat(next.attempt() - next.attempts().budgetFrom())
                    .as(what)
                    .isLessThanOrEqualTo(next.settings().retry().maxAttempts());
            if (before.state() instanceof StepState.Ended && !(event instanceof StepEvent.DeadLettered)) {
                assertThat(event).as(what).isInstanceOf(StepEvent.Redrive.class);
            }
        }
    }
}
