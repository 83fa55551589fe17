package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.NotificationCodec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class NotificationTest {
    private static final Instant NOW = Instant.parse("2026-11-24T08:00:00Z");
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final NotifyTarget WEBHOOK = new NotifyTarget.Webhook("https://hooks.example.com/größe");
    private static final Dispatch OPEN = Dispatch.unsent(
                    new DispatchId("r", "d"),
                    new Dispatch.Accepted(
                            "digest", 8, 3, new Payload.Inline("[]"), NOW.minusSeconds(60), NOW.plusSeconds(900), 0),
                    NOW,
                    NOW,
                    null)
            .notifying(Notification.of(WEBHOOK, "acme", new TreeMap<>(Map.of("team", "data"))));
    private static final Dispatch CLOSED = closed(OPEN);

    private static Dispatch closed(Dispatch dispatch) {
        return dispatch.swept(Dispatch.Progress.NONE, false, NOW, null);
    }

    private static Notification of(Dispatch dispatch) {
        return Objects.requireNonNull(dispatch.schedule().notification());
    }

    private static Notification.Closing closing(Dispatch dispatch) {
        return Objects.requireNonNull(of(dispatch).closing());
    }

    @Test
    void waits_while_the_dispatch_is_open() {
        assertThat(of(OPEN).status()).isEqualTo(Notification.Status.WAITING);
        assertThat(of(OPEN).nextTryAt()).isNull();
        assertThat(OPEN.dueAt()).isEqualTo(NOW);
        assertThat(of(OPEN.swept(Dispatch.Progress.NONE, false, NOW, NOW)).status())
                .isEqualTo(Notification.Status.WAITING);
    }

    @Test
    void is_owed_at_once_from_the_write_that_closes() {
        Dispatch closed = closed(OPEN);
        assertThat(of(closed).status()).isEqualTo(Notification.Status.OWED);
        assertThat(closing(closed)).isEqualTo(new Notification.Closing(closed.version(), NOW, 0, NOW, null));
        assertThat(closed.dueAt()).isEqualTo(NOW);
        assertThat(closed.closed()).isTrue();
    }

    @Test
    void is_tried_after_waits_that_double_up_to_an_hour() {
        List<Long> minutes = new ArrayList<>();
        Dispatch dispatch = CLOSED;
        for (int i = 0; i < 8; i++) {
            dispatch = dispatch.telling(NOW, MINUTE);
            minutes.add(Duration.between(NOW, dispatch.dueAt()).toMinutes());
        }
        assertThat(minutes).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L);
        assertThat(closing(dispatch).tries()).isEqualTo(8);
        assertThat(CLOSED.telling(NOW, Duration.ofHours(2)).dueAt()).isEqualTo(NOW.plus(Duration.ofHours(1)));
    }

    @Test
    void that_is_sent_is_due_no_more() {
        Dispatch failed = CLOSED.telling(NOW, MINUTE).notTold("why", false);
        assertThat(of(failed).status()).isEqualTo(Notification.Status.OWED);
        assertThat(closing(failed).error()).isEqualTo("why");
        Dispatch sent = failed.told();
        assertThat(of(sent).status()).isEqualTo(Notification.Status.SENT);
        assertThat(closing(sent)).isEqualTo(new Notification.Closing(CLOSED.version(), NOW, 1, null, null));
        assertThat(sent.dueAt()).isNull();
    }

    @Test
    void is_given_up_for_good_or_after_the_last_try() {
        Dispatch gone = CLOSED.telling(NOW, MINUTE).notTold("gone", true);
        assertThat(of(gone).status()).isEqualTo(Notification.Status.FAILED);
        assertThat(gone.dueAt()).isNull();
        Dispatch dispatch = CLOSED;
        for (int i = 1; i < Notification.MOST_TRIES; i++) {
            dispatch = dispatch.telling(NOW, MINUTE).notTold("again", false);
            assertThat(of(dispatch).status()).isEqualTo(Notification.Status.OWED);
        }
        dispatch = dispatch.telling(NOW, MINUTE).notTold("again", false);
        assertThat(of(dispatch).status()).isEqualTo(Notification.Status.FAILED);
    }

    @Test
    void that_is_not_owed_is_neither_tried_nor_told() {
        assertThatThrownBy(() -> OPEN.telling(NOW, MINUTE)).isInstanceOf(IllegalStateException.class);
        Dispatch sent = CLOSED.telling(NOW, MINUTE).told();
        assertThatThrownBy(sent::told).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void of_a_dispatch_that_is_redriven_waits_again_and_is_another_one_then() {
        Dispatch reopened = CLOSED.telling(NOW, MINUTE).told().reopened(NOW.plusSeconds(60), NOW.plusSeconds(30));
        assertThat(of(reopened).status()).isEqualTo(Notification.Status.WAITING);
        assertThat(reopened.dueAt()).isEqualTo(NOW.plusSeconds(60));
        Dispatch again = closed(reopened);
        assertThat(NotificationCodec.id(again, closing(again)))
                .isNotEqualTo(NotificationCodec.id(CLOSED, closing(CLOSED)));
    }

    @Test
    void is_none_of_a_dispatch_that_notifies_nobody() {
        Dispatch silent = closed(OPEN.notifying(null));
        assertThat(silent.schedule().notification()).isNull();
        assertThat(silent.dueAt()).isNull();
        assertThat(silent.reopened(NOW, NOW).schedule().notification()).isNull();
        assertThat(DispatchCodec.write(silent)).doesNotContain("notification");
    }

    @Test
    void is_read_as_it_was_written_in_each_state() {
        Dispatch event = OPEN.notifying(Notification.of(new NotifyTarget.Event(), "r", new TreeMap<>()));
        Dispatch owed = CLOSED.telling(NOW, MINUTE);
        for (Dispatch each : List.of(OPEN, event, CLOSED, owed, owed.told(), owed.notTold("why", true))) {
            assertThat(DispatchCodec.read(DispatchCodec.write(each))).isEqualTo(each);
        }
    }

    @Test
    void says_who_and_when_and_how_the_steps_ended() {
        assertThat(NotificationCodec.id(CLOSED, closing(CLOSED))).matches("ssn_[0-9a-f]{32}");
        assertThat(NotificationCodec.data(CLOSED, of(CLOSED), closing(CLOSED)))
                .isEqualTo("{\"id\":\"" + NotificationCodec.id(CLOSED, closing(CLOSED))
                        + "\",\"runId\":\"r\",\"dispatchId\":\"d\",\"version\":2,\"tenant\":\"acme\","
                        + "\"tags\":{\"team\":\"data\"},\"createdAt\":\"2026-11-24T07:59:00Z\","
                        + "\"closedAt\":\"2026-11-24T08:00:00Z\",\"stepCount\":3,\"counts\":{\"QUEUED\":3}}");
    }
}
