package dev.stepstile.usecase;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.Attempts;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import dev.stepstile.step.Pauses;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepTags;
import dev.stepstile.step.Window;
import dev.stepstile.usecase.Recovery.Decision;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a sweep decides about one step. */
class RecoveryTest {
    private static final Instant START = Instant.parse("2026-11-24T08:00:00Z");
    private static final Timing TIMING = Timing.DEFAULT;
    private static final Decision LEAVE = new Decision.Leave();
    private static final Decision RESEND = new Decision.Resend();
    private static final Decision DONE = new Decision.Done();

    private static StepSpec spec() {
        return spec(Window.ANY);
    }

    private static StepSpec spec(Window window) {
        return new StepSpec(
                new StepId("r", "a"),
                0,
                new StepSettings("d1", 0, "h", RetryPolicy.DEFAULT, Duration.ofSeconds(60), null, window),
                Payload.NULL,
                new TreeMap<>(),
                StepTags.NONE,
                START.plus(TIMING.validity()));
    }

    private static Dispatch dispatch(
            @Nullable Instant sentAt, Instant lastSentAt, int resends, @Nullable Instant readAt) {
        return new Dispatch(
                new DispatchId("r", "d1"),
                new Dispatch.Accepted("digest", 8, 1, Payload.NULL, START, START.plus(TIMING.validity()), 0),
                new Dispatch.Sending(sentAt, lastSentAt, resends),
                new Dispatch.Progress(
                        StepBits.NONE,
                        new TreeMap<>(),
                        new TreeMap<>(),
                        null,
                        new Dispatch.Reading(readAt, null, null, 0, START)),
                new Dispatch.Schedule(START, Instant.EPOCH),
                new Dispatch.Refresh(START, null),
                1);
    }

    private static Dispatch sent() {
        return dispatch(START, START, 0, null);
    }

    private static Decision unclaimed(Dispatch dispatch, boolean visible, Duration age) {
        return Recovery.decide(
                spec(), null, new Recovery.Scene(dispatch, 0, visible, Pauses.NONE, TIMING), START.plus(age));
    }

    private static StepRecord record(String dispatchId, long cancelSeq, StepState state) {
        return new StepRecord(
                spec().id(),
                0,
                new StepSettings(dispatchId, 0, "h", RetryPolicy.DEFAULT, Duration.ofSeconds(60)),
                START,
                new Attempts(new Attempts.Newest(1, "w#0", START, 0), 0, List.of()),
                new StepRecord.AnsweredCalls(cancelSeq, null),
                state);
    }

    private static Decision decide(StepRecord record, long cancelSeq, Instant now) {
        return Recovery.decide(spec(), record, new Recovery.Scene(sent(), cancelSeq, false, Pauses.NONE, TIMING), now);
    }

    @Nested
    class A_step_without_a_record {
        /** Rule 8a. */
        @Test
        void of_a_dispatch_that_crashed_before_sending_is_sent_once_the_function_must_be_gone() {
            Dispatch unsent = dispatch(null, START, 0, null);
            Duration gone = TIMING.dispatchTimeout().plus(TIMING.margin());
            assertThat(unclaimed(unsent, true, gone)).isEqualTo(LEAVE);
            assertThat(unclaimed(unsent, false, gone)).isEqualTo(LEAVE);
            assertThat(unclaimed(unsent, true, gone.plusMillis(1))).isEqualTo(RESEND);
        }

        /** Rule 8a applies once: then what was sent is what counts. */
        @Test
        void of_an_unsent_dispatch_that_was_sent_again_waits_like_any_other() {
            Dispatch resent = dispatch(null, START.plusSeconds(60), 1, null);
            assertThat(unclaimed(resent, true, Duration.ofMinutes(10))).isEqualTo(LEAVE);
            assertThat(unclaimed(resent, false, Duration.ofMinutes(10))).isEqualTo(RESEND);
        }

        /** Rule 8b. */
        @Test
        void is_sent_again_when_the_queue_is_empty_for_longer_than_a_message_takes() {
            assertThat(unclaimed(sent(), false, TIMING.resending().lostAfter())).isEqualTo(LEAVE);
            assertThat(unclaimed(sent(), false, TIMING.resending().lostAfter().plusMillis(1)))
                    .isEqualTo(RESEND);
        }

        @Test
        void waits_its_turn_while_messages_are_visible() {
            assertThat(unclaimed(sent(), true, TIMING.resending().lostAfter().plusMillis(1)))
                    .isEqualTo(LEAVE);
            assertThat(unclaimed(sent(), true, Duration.ofHours(1))).isEqualTo(LEAVE);
        }

        /** Rule 8c. */
        @Test
        void is_sent_again_whatever_the_queue_shows_after_an_hour_then_two_then_four_and_at_most_twelve() {
            for (int resends = 0; resends < 40; resends++) {
                Duration patience = Duration.ofHours(resends < 4 ? 1L << resends : 12);
                Dispatch dispatch = dispatch(START, START, resends, null);
                assertThat(unclaimed(dispatch, true, patience))
                        .as("%d", resends)
                        .isEqualTo(LEAVE);
                assertThat(unclaimed(dispatch, true, patience.plusMillis(1)))
                        .as("%d", resends)
                        .isEqualTo(RESEND);
            }
        }

        @Test
        void whose_validity_is_over_is_discarded_as_EXPIRED() {
            assertThat(unclaimed(sent(), true, TIMING.validity())).isEqualTo(RESEND);
            assertThat(unclaimed(sent(), true, TIMING.validity().plusMillis(1)))
                    .isInstanceOfSatisfying(
                            Decision.Discard.class,
                            discard -> assertThat(discard.error().kind()).isEqualTo(StepError.Kind.EXPIRED));
        }

        @Test
        void of_a_cancelled_run_is_cancelled_before_anything_else() {
            for (Duration age : List.of(Duration.ZERO, TIMING.validity().plusDays(1))) {
                assertThat(Recovery.decide(
                                spec(),
                                null,
                                new Recovery.Scene(sent(), 1, false, Pauses.NONE, TIMING),
                                START.plus(age)))
                        .isEqualTo(new Decision.Cancel());
            }
        }
    }

    @Nested
    class A_running_step {
        private final StepRecord running = record("d1", 0, new StepState.Running(START, false));

        @Test
        void is_reclaimed_once_its_deadline_and_the_margin_are_over() {
            Instant over = START.plus(TIMING.margin());
            assertThat(decide(running, 0, over.minusMillis(1)))
                    .isEqualTo(new Decision.LookForWorker(running, "w", false));
            assertThat(decide(running, 0, over)).isEqualTo(new Decision.Reclaim());
        }

        @Test
        void that_a_version_before_claimed_has_no_worker_to_look_for() {
            StepRecord old = new StepRecord(
                    running.id(),
                    0,
                    running.settings(),
                    START,
                    new Attempts(new Attempts.Newest(1, "o", START, 0), 0, List.of()),
                    running.answered(),
                    new StepState.Running(START, true));
            assertThat(decide(old, 0, START)).isEqualTo(LEAVE);
        }

        @Test
        void of_a_cancelled_run_is_asked_to_stop_until_it_ends_and_reclaimed_like_any_other() {
            Instant over = START.plus(TIMING.margin());
            assertThat(decide(running, 1, START)).isEqualTo(new Decision.Cancel());
            assertThat(decide(running, 1, over)).isEqualTo(new Decision.Cancel());
            StepRecord asked = record("d1", 1, new StepState.Running(START, true));
            assertThat(decide(asked, 1, START)).isEqualTo(new Decision.LookForWorker(asked, "w", true));
            assertThat(decide(asked, 1, over)).isEqualTo(new Decision.Reclaim());
            assertThat(decide(asked, 2, START)).isEqualTo(new Decision.Cancel());
        }

        @Test
        void of_another_dispatch_is_left_to_it() {
            StepRecord other = record("d0", 0, running.state());
            assertThat(decide(other, 0, START.plusSeconds(999))).isEqualTo(LEAVE);
            assertThat(decide(other, 1, START)).isEqualTo(new Decision.Cancel());
        }
    }

    @Nested
    class A_retrying_step {
        private final StepRecord retrying = record("d1", 0, new StepState.Retrying(START));

        private Decision decide(@Nullable Duration readAfter, Duration now) {
            Dispatch dispatch = dispatch(START, START, 0, readAfter == null ? null : START.plus(readAfter));
            return Recovery.decide(
                    spec(), retrying, new Recovery.Scene(dispatch, 0, false, Pauses.NONE, TIMING), START.plus(now));
        }

        @Test
        void is_left_to_its_own_message_while_it_is_not_overdue() {
            assertThat(decide(null, Duration.ofMillis(-1))).isEqualTo(LEAVE);
            assertThat(decide(null, Duration.ZERO)).isEqualTo(LEAVE);
            assertThat(decide(null, TIMING.resending().overdueAfter().minusMillis(1)))
                    .isEqualTo(LEAVE);
            assertThat(decide(null, TIMING.resending().overdueAfter())).isEqualTo(RESEND);
        }

        @Test
        void is_not_sent_again_by_the_reading_after_the_one_that_came_just_at_the_grace() {
            Duration grace = TIMING.resending().overdueAfter();
            assertThat(decide(grace, grace.plusSeconds(1))).isEqualTo(LEAVE);
        }

        @Test
        void is_sent_again_by_the_reading_that_first_sees_it_overdue_by_the_grace_and_each_doubling_of_it() {
            int sent = 0;
            Duration readAfter = Duration.ZERO;
            for (int minute = 1; minute <= 600; minute++) {
                Duration now = Duration.ofMinutes(minute).plusMillis(minute);
                sent += decide(readAfter, now).equals(RESEND) ? 1 : 0;
                readAfter = now;
            }
            // after 2, 4, 8 … 512 minutes
            assertThat(sent).isEqualTo(9);
        }

        @Test
        void of_another_dispatch_is_left_to_it() {
            StepRecord other = record("d0", 0, new StepState.Retrying(START));
            assertThat(RecoveryTest.decide(other, 0, START.plus(Duration.ofDays(2))))
                    .isEqualTo(LEAVE);
        }
    }

    @Nested
    class A_delayed_step_without_a_record {
        private final Duration sendable = Duration.ofMinutes(45);

        private Decision decide(Duration notBefore, @Nullable Duration readAfter, Duration now) {
            Instant readAt = readAfter == null ? null : START.plus(readAfter);
            Recovery.Scene scene = new Recovery.Scene(dispatch(START, START, 0, readAt), 0, true, Pauses.NONE, TIMING);
            return Recovery.decide(spec(new Window(START.plus(notBefore), null)), null, scene, START.plus(now));
        }

        @Test
        void is_sent_by_the_first_reading_in_the_quarter_of_an_hour_before_it_may_begin() {
            Duration hour = Duration.ofHours(1);
            assertThat(decide(hour, null, sendable.minusMillis(1))).isEqualTo(LEAVE);
            assertThat(decide(hour, null, sendable)).isEqualTo(new Decision.SendFirst());
            assertThat(decide(hour, sendable.minusMillis(1), sendable)).isEqualTo(new Decision.SendFirst());
            assertThat(decide(hour, sendable, sendable.plusMillis(1))).isEqualTo(LEAVE);
        }

        @Test
        void that_its_dispatch_could_send_is_not_sent_by_a_sweep() {
            assertThat(decide(Duration.ofMinutes(15), null, Duration.ofMinutes(1)))
                    .isEqualTo(LEAVE);
            assertThat(decide(Duration.ofMinutes(10), null, Duration.ofMinutes(1)))
                    .isEqualTo(LEAVE);
        }
    }

    @Nested
    class An_ended_step {
        private final StepError error = new StepError(StepError.Kind.HANDLER_FAILED, "no");

        @Test
        void is_done_with_and_a_later_cancel_does_not_change_that() {
            for (StepState state : List.of(
                    new StepState.Succeeded(Payload.NULL, START),
                    new StepState.Failed(error, START),
                    new StepState.Dead(error, START, START),
                    new StepState.Cancelled(START))) {
                assertThat(decide(record("d1", 0, state), 1, START)).isEqualTo(DONE);
                assertThat(decide(record("d0", 0, state), 1, START)).isEqualTo(DONE);
            }
        }

        @Test
        void that_is_DEAD_and_not_marked_dead_lettered_is_dead_lettered() {
            StepState.Dead dead = new StepState.Dead(error, START, null);
            StepRecord record = record("d1", 0, dead);
            assertThat(decide(record, 0, START)).isEqualTo(new Decision.MoveToDeadLetters(record, dead));
            assertThat(decide(record, 9, START)).isEqualTo(new Decision.MoveToDeadLetters(record, dead));
        }

        /** Otherwise its dead letter would name a dispatch that does not drive it. */
        @Test
        void that_is_DEAD_and_not_marked_dead_lettered_is_left_to_the_dispatch_that_drives_it() {
            StepState.Dead dead = new StepState.Dead(error, START, null);
            assertThat(decide(record("d0", 0, dead), 0, START)).isEqualTo(LEAVE);
            assertThat(decide(record("d0", 0, dead), 9, START)).isEqualTo(LEAVE);
        }
    }

    /** A waiting step that a pause covers, or covered. */
    @Nested
    class A_paused_step {
        private static final Pause LASTS = Pause.first(new PauseScope.OfHandler("h"), START.plusSeconds(60), "");
        private static final Instant END = START.plusSeconds(600);
        private static final Pauses OVER = new Pauses(List.of(LASTS.resumed(END)));

        /** Until when a reading may not have known of the end: a second, and the margin of the clocks. */
        private static final Instant SETTLED = END.plusSeconds(6);

        private static Decision decide(@Nullable StepRecord record, Dispatch dispatch, Pauses pauses, Instant now) {
            return Recovery.decide(spec(), record, new Recovery.Scene(dispatch, 0, false, pauses, TIMING), now);
        }

        private static StepRecord retrying(Instant notBefore) {
            return record("d1", 0, new StepState.Retrying(notBefore));
        }

        @Test
        void is_left_while_the_pause_lasts_however_long_it_has_waited() {
            Pauses lasting = new Pauses(List.of(LASTS));
            Instant later = START.plus(Duration.ofDays(1));
            assertThat(decide(null, sent(), lasting, later)).isEqualTo(LEAVE);
            assertThat(decide(retrying(START), sent(), lasting, later)).isEqualTo(LEAVE);
            assertThat(decide(null, dispatch(null, START, 0, null), lasting, later))
                    .isEqualTo(LEAVE);
        }

        @Test
        void is_sent_by_each_reading_until_one_has_begun_after_every_clock_shows_the_end() {
            Dispatch before = dispatch(START, SETTLED, 0, SETTLED.minusMillis(1));
            Dispatch after = dispatch(START, SETTLED, 0, SETTLED);
            Instant now = SETTLED.plusSeconds(60);
            assertThat(decide(null, before, OVER, now)).isEqualTo(RESEND);
            assertThat(decide(null, after, OVER, now)).isEqualTo(LEAVE);
            assertThat(decide(retrying(START), before, OVER, now)).isEqualTo(RESEND);
            assertThat(decide(retrying(SETTLED.minusMillis(1)), before, OVER, now))
                    .isEqualTo(RESEND);
            assertThat(decide(retrying(SETTLED), before, OVER, now))
                    .as("its message was invisible")
                    .isEqualTo(LEAVE);
        }

        @Test
        void of_a_dispatch_that_was_never_read_was_sent_since_the_dispatch_was_accepted() {
            Instant now = END.plusSeconds(60);
            assertThat(decide(null, dispatch(now, now, 0, null), OVER, now)).isEqualTo(RESEND);
            Pauses longAgo = new Pauses(List.of(LASTS.resumed(START.minusSeconds(6))));
            assertThat(decide(null, dispatch(now, now, 0, null), longAgo, now)).isEqualTo(LEAVE);
        }

        @Test
        void is_left_while_another_pause_lasts_that_covers_it() {
            Pause other = Pause.first(new PauseScope.OfRun("r"), START, "");
            Pauses both = new Pauses(List.of(LASTS.resumed(END), other));
            assertThat(decide(null, sent(), both, END.plusSeconds(60))).isEqualTo(LEAVE);
        }

        @Test
        void ends_at_its_validity_and_is_cancelled_all_the_same() {
            Pauses lasting = new Pauses(List.of(LASTS));
            Instant now = START.plus(TIMING.validity()).plusMillis(1);
            assertThat(decide(null, sent(), lasting, now)).isInstanceOf(Decision.Discard.class);
            Recovery.Scene cancelled = new Recovery.Scene(sent(), 1, false, lasting, TIMING);
            assertThat(Recovery.decide(spec(), null, cancelled, START)).isInstanceOf(Decision.Cancel.class);
        }
    }
}
