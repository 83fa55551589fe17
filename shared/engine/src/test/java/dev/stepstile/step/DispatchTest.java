package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What each writer makes of a dispatch. */
class DispatchTest {
    private static final Instant NOW = Steps.NOW;
    private static final Instant LATER = NOW.plusSeconds(60);

    private static final Dispatch FRESH = Dispatch.unsent(
            new DispatchId("r1", "d1"),
            new Dispatch.Accepted("digest", 8, 5, Payload.NULL, NOW, NOW.plusSeconds(99), 0),
            LATER,
            NOW,
            null);

    private static SortedMap<StepState.Name, Integer> counts(StepState.Name state, int count) {
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        counts.put(state, count);
        return counts;
    }

    private static StepBits bits(int... set) {
        BitSet bits = new BitSet();
        for (int bit : set) {
            bits.set(bit);
        }
        return StepBits.of(bits);
    }

    private static Dispatch swept(boolean resent, int finished, int open) {
        return FRESH.swept(
                new Dispatch.Progress(
                        bits(1),
                        counts(StepState.Name.SUCCEEDED, finished),
                        counts(StepState.Name.RUNNING, open),
                        LATER,
                        new Dispatch.Reading(LATER, LATER, LATER, 0, LATER)),
                resent,
                LATER,
                null);
    }

    /** Those of an earlier dispatch may have ended before: the feed since then would not show it. */
    @Test
    void that_names_steps_of_an_earlier_one_has_its_steps_read_by_the_first_sweep() {
        assertThat(FRESH.progress().reading()).isEqualTo(new Dispatch.Reading(null, null, null, 0, NOW));
        Dispatch attached = Dispatch.unsent(
                new DispatchId("r1", "d1"),
                new Dispatch.Accepted("digest", 8, 5, Payload.NULL, NOW, NOW.plusSeconds(99), 1),
                LATER,
                NOW,
                null);
        assertThat(attached.progress().reading()).isEqualTo(new Dispatch.Reading(null, null, Instant.EPOCH, 0, NOW));
    }

    @Test
    void that_is_sent_says_when_and_nothing_else() {
        Dispatch sent = FRESH.sent(LATER);
        assertThat(sent.sending().sentAt()).isEqualTo(LATER);
        assertThat(sent.sending().lastSentAt()).isEqualTo(LATER);
        assertThat(sent.version()).isEqualTo(2);
        assertThat(sent.schedule().nextAt()).isEqualTo(FRESH.schedule().nextAt());
    }

    @Test
    void that_is_taken_is_due_later() {
        Dispatch taken = FRESH.taken(LATER.plusSeconds(1));
        assertThat(taken.schedule().nextAt()).isEqualTo(LATER.plusSeconds(1));
        assertThat(taken.version()).isEqualTo(2);
        assertThat(taken.sending().sentAt()).isNull();
    }

    @Test
    void is_closed_by_a_sweep_that_names_no_next_one() {
        assertThat(FRESH.closed()).isFalse();
        assertThat(swept(false, 5, 0).closed()).isTrue();
    }

    @Test
    void counts_a_resend_and_takes_the_first_one_for_the_sending_that_crashed() {
        Dispatch quiet = swept(false, 1, 1);
        assertThat(quiet.sending().sentAt()).isNull();
        assertThat(quiet.sending().lastSentAt()).isEqualTo(NOW);
        assertThat(quiet.sending().resends()).isZero();
        Dispatch resent = swept(true, 1, 1);
        assertThat(resent.sending().sentAt()).isEqualTo(LATER);
        assertThat(resent.sending().lastSentAt()).isEqualTo(LATER);
        assertThat(resent.sending().resends()).isEqualTo(1);
        Dispatch again = FRESH.sent(NOW).swept(Dispatch.Progress.NONE, true, LATER, LATER);
        assertThat(again.sending().sentAt()).as("it was sent before").isEqualTo(NOW);
    }

    @Test
    void counts_as_queued_what_was_never_seen() {
        assertThat(swept(false, 2, 1).counts())
                .containsEntry(StepState.Name.SUCCEEDED, 2)
                .containsEntry(StepState.Name.RUNNING, 1)
                .containsEntry(StepState.Name.QUEUED, 2);
        assertThat(swept(false, 4, 1).counts()).doesNotContainKey(StepState.Name.QUEUED);
    }

    @Test
    void that_is_reopened_is_counted_anew_and_kept_open_for_the_longest_of_its_redrivers() {
        Dispatch reopened = swept(false, 5, 0).reopened(LATER, LATER.plusSeconds(9));
        assertThat(reopened.closed()).isFalse();
        assertThat(reopened.progress().finished()).isEqualTo(StepBits.NONE);
        assertThat(reopened.progress().finishedCounts()).isEmpty();
        assertThat(reopened.schedule().keepOpenUntil()).isEqualTo(LATER.plusSeconds(9));
        assertThat(reopened.reopened(LATER, LATER).schedule().keepOpenUntil()).isEqualTo(LATER.plusSeconds(9));
    }

    @Test
    void that_is_reopened_is_swept_when_it_would_have_been_or_sooner() {
        Dispatch open = swept(false, 5, 0).reopened(LATER, LATER);
        assertThat(open.schedule().nextAt()).isEqualTo(LATER);
        assertThat(open.reopened(LATER.plusSeconds(60), LATER).schedule().nextAt())
                .isEqualTo(LATER);
        assertThat(open.reopened(LATER.minusSeconds(1), LATER).schedule().nextAt())
                .isEqualTo(LATER.minusSeconds(1));
    }

    @Test
    void that_is_written_anew_says_how_much_of_it_is_and_at_last_since_when() {
        RefreshProgress soFar = new RefreshProgress(LATER, bits(2));
        Dispatch refreshing = FRESH.refreshing(soFar);
        assertThat(refreshing.refresh().soFar()).isEqualTo(soFar);
        assertThat(refreshing.version()).isEqualTo(2);
        Dispatch refreshed = refreshing.refreshed(LATER);
        assertThat(refreshed.refresh().soFar()).isNull();
        assertThat(refreshed.refresh().since()).isEqualTo(LATER);
    }

    @Test
    void a_redrive_call_that_is_done_says_how_many_and_what_it_did_not_know() {
        RedriveCall call = new RedriveCall("r1", "again", "digest", NOW, null, List.of());
        assertThat(call.done(3, List.of("none")))
                .isEqualTo(new RedriveCall("r1", "again", "digest", NOW, 3, List.of("none")));
    }

    @Test
    void lies_in_a_bucket_that_follows_from_its_ids() {
        assertThat(FRESH.openBucket())
                .isEqualTo(Shards.of("r1#d1", Shards.OPEN_BUCKETS))
                .isPositive();
    }

    @Test
    void a_run_is_cancelled_from_its_first_cancel_on() {
        assertThat(new Run("r1", NOW, 8, 0).cancelled()).isFalse();
        assertThat(new Run("r1", NOW, 8, 1).cancelled()).isTrue();
    }
}
