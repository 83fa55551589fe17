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
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepTags;
import dev.stepstile.step.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When a sweep reads every unfinished step of a dispatch. */
class DueReadingTest {
    private static final Instant START = Instant.parse("2026-11-24T08:00:00Z");
    private static final Timing TIMING = Timing.DEFAULT;
    private static final Dispatch.Sending SENT = new Dispatch.Sending(START, START, 0);

    private static Dispatch.Reading read(@Nullable Instant readAt, @Nullable Instant actAt) {
        return new Dispatch.Reading(readAt, readAt, actAt, 0, START);
    }

    private static Recovery.Scene scene(
            Dispatch.Sending sending,
            Dispatch.Reading reading,
            Instant keepOpenUntil,
            long cancelSeq,
            boolean visible) {
        Dispatch dispatch = new Dispatch(
                new DispatchId("r", "d1"),
                new Dispatch.Accepted("digest", 8, 1, Payload.NULL, START, START.plus(TIMING.validity()), 0),
                sending,
                new Dispatch.Progress(StepBits.NONE, new TreeMap<>(), new TreeMap<>(), null, reading),
                new Dispatch.Schedule(START, keepOpenUntil),
                new Dispatch.Refresh(START, null),
                1);
        return new Recovery.Scene(dispatch, cancelSeq, visible, Pauses.NONE, TIMING);
    }

    private static boolean isDue(Dispatch.Reading reading, boolean visible, Duration after) {
        return DueReading.isDue(scene(SENT, reading, Instant.EPOCH, 0, visible), START.plus(after));
    }

    /** When it reads in the first two days, in minutes after the send, if nothing is found and each minute is swept. */
    private static List<Integer> readings(boolean visible) {
        List<Integer> readings = new ArrayList<>();
        Instant readAt = null;
        for (int minute = 1; minute <= 2 * 24 * 60; minute++) {
            Instant now = START.plus(Duration.ofMinutes(minute)).plusMillis(minute);
            if (DueReading.isDue(scene(SENT, read(readAt, null), Instant.EPOCH, 0, visible), now)) {
                readings.add(minute);
                readAt = now;
            }
        }
        return readings;
    }

    @Test
    void doubles_the_time_since_the_last_send_up_to_an_hour_while_the_queue_is_empty() {
        assertThat(readings(false)).startsWith(2, 4, 8, 16, 32, 64, 124, 184);
    }

    @Test
    void begins_after_an_hour_and_doubles_up_to_twelve_while_the_queue_shows_messages() {
        assertThat(readings(true)).containsExactly(60, 120, 240, 480, 960, 1_680, 2_400);
    }

    /** It sent nothing again, as the messages might have been in the queue. */
    @Test
    void while_the_queue_showed_messages_does_not_delay_the_one_after_it_is_empty() {
        Instant late = START.plusSeconds(415);
        Dispatch.Reading shown = new Dispatch.Reading(late, null, null, 0, START);
        assertThat(isDue(shown, false, Duration.ofSeconds(430))).isTrue();
        Dispatch.Reading empty = new Dispatch.Reading(late, late, null, 0, START);
        assertThat(isDue(empty, false, Duration.ofSeconds(430))).isFalse();
        assertThat(isDue(empty, false, Duration.ofMinutes(8))).isFalse();
        assertThat(isDue(empty, false, Duration.ofSeconds(481))).isTrue();
    }

    @Test
    void that_another_rule_made_does_not_delay_the_one_an_hour_after_the_last_send() {
        Dispatch.Reading early = read(START.plusSeconds(3_000), null);
        assertThat(isDue(early, true, Duration.ofHours(1))).isFalse();
        assertThat(isDue(early, true, Duration.ofHours(1).plusMillis(1))).isTrue();
    }

    @Test
    void follows_at_once_when_a_step_that_was_read_is_due() {
        Instant due = START.plusSeconds(30);
        assertThat(isDue(read(START, due), true, Duration.ofMillis(29_999))).isFalse();
        assertThat(isDue(read(START, due), true, Duration.ofSeconds(30))).isTrue();
        assertThat(isDue(Dispatch.Reading.UNREAD, true, Duration.ZERO)).isTrue();
    }

    @Test
    void follows_a_cancel_of_the_run_that_was_not_carried_out_yet() {
        assertThat(DueReading.isDue(scene(SENT, read(START, null), Instant.EPOCH, 1, true), START))
                .isTrue();
        Dispatch.Reading carriedOut = new Dispatch.Reading(START, START, null, 1, START);
        assertThat(DueReading.isDue(scene(SENT, carriedOut, Instant.EPOCH, 1, true), START))
                .isFalse();
    }

    @Test
    void goes_on_until_one_has_begun_when_no_redriver_could_write_any_more() {
        Instant until = START.plusSeconds(90);
        Instant late = until.plusSeconds(5);
        assertThat(DueReading.isDue(scene(SENT, read(until.minusMillis(1), null), until, 0, true), late))
                .isTrue();
        assertThat(DueReading.isDue(scene(SENT, read(until, null), until, 0, true), late))
                .isFalse();
    }

    @Test
    void follows_once_when_the_function_that_was_to_send_the_messages_must_have_crashed() {
        Dispatch.Sending unsent = new Dispatch.Sending(null, START, 0);
        Instant crashed = START.plus(TIMING.dispatchTimeout()).plus(TIMING.margin());
        assertThat(DueReading.isDue(scene(unsent, read(null, null), Instant.EPOCH, 0, true), crashed))
                .isFalse();
        Instant after = crashed.plusMillis(1);
        assertThat(DueReading.isDue(scene(unsent, read(null, null), Instant.EPOCH, 0, true), after))
                .isTrue();
        assertThat(DueReading.isDue(scene(unsent, read(after, null), Instant.EPOCH, 0, true), after.plusSeconds(60)))
                .isFalse();
    }

    private static final StepSpec SPEC = new StepSpec(
            new StepId("r", "a"),
            0,
            new StepSettings("d1", 0, "h", RetryPolicy.DEFAULT, Duration.ofSeconds(60)),
            Payload.NULL,
            new TreeMap<>(),
            StepTags.NONE,
            START.plus(Duration.ofDays(14)));

    @Test
    void of_a_step_that_may_not_start_yet_is_due_when_it_can_be_sent_and_when_its_message_may_be_lost() {
        Instant notBefore = START.plus(Duration.ofHours(1));
        Instant sendable = notBefore.minus(Duration.ofMinutes(15));
        Instant lost = notBefore.plus(Timing.DEFAULT.resending().lostAfter());
        Window window = new Window(notBefore, null);
        assertThat(DueReading.actAt(window, Timing.DEFAULT, START)).isEqualTo(sendable);
        assertThat(DueReading.actAt(window, Timing.DEFAULT, sendable.minusMillis(1)))
                .isEqualTo(sendable);
        assertThat(DueReading.actAt(window, Timing.DEFAULT, sendable)).isEqualTo(lost);
        Instant patient = notBefore.plus(Timing.DEFAULT.resending().unclaimedAfter());
        assertThat(DueReading.actAt(window, Timing.DEFAULT, lost)).isEqualTo(patient);
        assertThat(DueReading.actAt(window, Timing.DEFAULT, patient)).isNull();
        assertThat(DueReading.actAt(Window.ANY, Timing.DEFAULT, START)).isNull();
        Window both = new Window(notBefore, notBefore.plusSeconds(30));
        assertThat(DueReading.actAt(both, Timing.DEFAULT, START)).isEqualTo(sendable);
        assertThat(DueReading.actAt(both, Timing.DEFAULT, sendable)).isEqualTo(both.deadline());
        assertThat(DueReading.actAt(both, Timing.DEFAULT, notBefore.plusSeconds(30)))
                .isEqualTo(lost);
    }

    private static @Nullable Instant actAt(StepState state, String owner, String dispatchId) {
        StepRecord record = new StepRecord(
                new StepId("r", "a"),
                0,
                new StepSettings(dispatchId, 0, "h", RetryPolicy.DEFAULT, Duration.ofSeconds(60)),
                START,
                new Attempts(new Attempts.Newest(1, owner, START, 0), 0, List.of()),
                new StepRecord.AnsweredCalls(0, null),
                state);
        return DueReading.actAt(SPEC, record, scene(SENT, read(START, null), Instant.EPOCH, 0, true), START);
    }

    @Test
    void is_due_for_a_retrying_step_when_its_message_is_overdue_by_the_grace_and_each_doubling_of_it() {
        Duration grace = TIMING.resending().overdueAfter();
        assertThat(actAt(new StepState.Retrying(START.plusSeconds(7)), "w#1", "d1"))
                .isEqualTo(START.plusSeconds(7).plus(grace));
        assertThat(actAt(new StepState.Retrying(START.minus(grace.multipliedBy(3))), "w#1", "d1"))
                .isEqualTo(START.plus(grace));
        assertThat(actAt(new StepState.Retrying(START), "w#1", "another"))
                .as("the dispatch that claimed it drives it")
                .isNull();
    }

    @Test
    void is_due_for_a_running_step_only_if_no_worker_s_item_names_it() {
        StepState running = new StepState.Running(START.plusSeconds(9), false);
        assertThat(actAt(running, "w#1", "d1")).isNull();
        assertThat(actAt(running, "of a version before", "d1"))
                .isEqualTo(START.plusSeconds(9).plus(TIMING.margin()));
    }

    private static boolean isDue(Dispatch.Reading reading, Pause pause, Instant now) {
        Recovery.Scene scene = scene(SENT, reading, Instant.EPOCH, 0, false).with(new Pauses(List.of(pause)));
        return DueReading.isDue(scene, now);
    }

    @Test
    void follows_the_end_of_a_pause_until_one_has_begun_after_every_clock_shows_it() {
        Instant end = START.plusSeconds(30);
        Instant settled = end.plusSeconds(1).plus(TIMING.margin());
        for (PauseScope scope :
                List.of(new PauseScope.OfRun("r"), new PauseScope.OfHandler("any"), new PauseScope.Everything())) {
            Pause over = Pause.first(scope, START, "").resumed(end);
            assertThat(isDue(read(settled.minusMillis(1), null), over, settled)).isTrue();
            assertThat(isDue(read(settled, null), over, settled)).isFalse();
        }
        Pause ofAnother = Pause.first(new PauseScope.OfRun("other"), START, "").resumed(end);
        assertThat(isDue(read(START, null), ofAnother, settled)).isFalse();
    }

    @Test
    void is_not_due_because_messages_may_be_lost_while_none_would_be_sent() {
        Instant later = START.plus(Duration.ofHours(3));
        assertThat(isDue(read(START, null), Pause.first(new PauseScope.OfRun("r"), START, ""), later))
                .isFalse();
        assertThat(isDue(read(START, null), Pause.first(new PauseScope.Everything(), START, ""), later))
                .isFalse();
        assertThat(isDue(read(START, null), Pause.first(new PauseScope.OfHandler("any"), START, ""), later))
                .as("of its other steps")
                .isTrue();
        assertThat(isDue(read(START, later), Pause.first(new PauseScope.Everything(), START, ""), later))
                .as("a deadline is over")
                .isTrue();
    }
}
