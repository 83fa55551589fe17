package dev.stepstile.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.codec.Json;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.Notifier.Notice;
import dev.stepstile.port.Notifier.Outcome;
import dev.stepstile.port.PortException;
import dev.stepstile.step.NotifyTarget;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every notifier keeps to. Each test has targets of its own, which were told nothing. */
public abstract class NotifierContract {
    private static final Notice NOTICE = new Notice(
            "ssn_0123456789abcdef",
            Instant.parse("2026-11-24T08:00:00Z"),
            "{\"id\":\"ssn_0123456789abcdef\",\"runId\":\"größe 漢字\",\"dispatchId\":\"d\",\"version\":4,\"counts\":{\"DEAD\":1}}");

    protected abstract Notifier notifier();

    /** A target that accepts what it is told. */
    protected abstract NotifyTarget accepting();

    /** A target that is there, and accepts nothing. */
    protected abstract NotifyTarget refusing();

    /** A target that the configuration does not allow. */
    protected abstract NotifyTarget foreign();

    /** What the targets were told and have accepted, in order. */
    protected abstract List<Notice> told();

    @Test
    void a_target_is_told_what_was_sent() {
        assertThat(notifier().refusal(accepting())).isNull();
        assertThat(notifier().send(accepting(), NOTICE)).isEqualTo(new Outcome.Delivered());
        assertThat(told()).hasSize(1);
        Notice told = told().getFirst();
        assertThat(told.id()).isEqualTo(NOTICE.id());
        assertThat(told.closedAt()).isEqualTo(NOTICE.closedAt());
        assertThat(Json.parse(told.data())).isEqualTo(Json.parse(NOTICE.data()));
    }

    @Test
    void a_target_that_is_told_twice_knows_it_by_the_id() {
        notifier().send(accepting(), NOTICE);
        notifier().send(accepting(), NOTICE);
        assertThat(told()).extracting(Notice::id).containsExactly(NOTICE.id(), NOTICE.id());
    }

    @Test
    void a_target_that_does_not_accept_it_is_a_failure_that_may_be_tried_again() {
        Outcome outcome;
        try {
            outcome = notifier().send(refusing(), NOTICE);
        } catch (PortException e) {
            outcome = new Outcome.Failed(String.valueOf(e.getMessage()));
        }
        assertThat(outcome).isInstanceOf(Outcome.Failed.class);
        assertThat(((Outcome.Failed) outcome).why()).isNotBlank().doesNotContain("größe");
        assertThat(told()).isEmpty();
    }

    @Test
    void a_target_that_is_not_allowed_is_refused_and_told_nothing() {
        assertThat(notifier().refusal(foreign())).isNotBlank().doesNotEndWith(".");
        assertThat(notifier().send(foreign(), NOTICE)).isInstanceOf(Outcome.Failed.class);
        assertThat(told()).isEmpty();
    }
}
