package dev.stepstile.usecase;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a sweep does about one step. Pure. */
final class Recovery {
    private Recovery() {}

    /** What the sweeper knows beside the step. */
    record Scene(Dispatch dispatch, long cancelSeq, boolean queueShowsMessages, Timing timing) {}

    sealed interface Decision {
        /** In good hands, or waiting its turn. */
        record Leave() implements Decision {}

        /** Ended and, if dead, buried: not looked at again. */
        record Done() implements Decision {}

        /** Send its message again. */
        record Resend() implements Decision {}

        /** Its worker fell silent: take it away, and send it again or bury it. */
        record Reclaim() implements Decision {}

        /** The run was cancelled, and the cancelling call did not reach it. */
        record Cancel() implements Decision {}

        /** Dead, but its letter may not have been sent. */
        record Bury(StepState.Dead dead) implements Decision {}

        /** It can no longer be started. */
        record Discard(StepError error) implements Decision {}
    }

    private static final Decision LEAVE = new Decision.Leave();
    private static final Decision RESEND = new Decision.Resend();

    static Decision decide(StepSpec spec, @Nullable StepRecord record, Scene scene, Instant now) {
        if (record == null) {
            return unclaimed(spec, scene, now);
        }
        boolean attached =
                !record.settings().dispatchId().equals(scene.dispatch().dispatchId());
        if (record.state() instanceof StepState.Dead dead && dead.deadLetteredAt() == null) {
            return attached ? LEAVE : new Decision.Bury(dead);
        }
        if (record.state() instanceof StepState.Ended) {
            return new Decision.Done();
        }
        if (record.cancelSeq() < scene.cancelSeq()) {
            return new Decision.Cancel();
        }
        if (attached) {
            return LEAVE; // the dispatch that claimed it first drives it
        }
        return switch (record.state()) {
            case StepState.Running running ->
                record.leaseExpired(now, scene.timing().margin()) ? new Decision.Reclaim() : LEAVE;
            case StepState.Retrying(Instant notBefore) -> overdue(notBefore, scene, now) ? RESEND : LEAVE;
            case StepState.Ended ended -> new Decision.Done();
        };
    }

    private static Decision unclaimed(StepSpec spec, Scene scene, Instant now) {
        Dispatch dispatch = scene.dispatch();
        Timing timing = scene.timing();
        if (scene.cancelSeq() > 0) {
            return new Decision.Cancel();
        }
        if (now.isAfter(spec.validUntil())) {
            return new Decision.Discard(new StepError(
                    StepError.Kind.EXPIRED, "Not started before " + spec.validUntil() + "; dispatch it anew."));
        }
        if (dispatch.sentAt() == null) {
            Instant crashed =
                    dispatch.createdAt().plus(timing.dispatchTimeout()).plus(timing.margin());
            if (dispatch.resends() == 0) {
                return now.isAfter(crashed) ? RESEND : LEAVE;
            }
        }
        Duration sinceSent = Duration.between(dispatch.lastSentAt(), now);
        if (!scene.queueShowsMessages() && sinceSent.compareTo(timing.lostAfter()) > 0) {
            return RESEND;
        }
        Duration patience = doubled(timing.resendAfter(), dispatch.resends());
        return sinceSent.compareTo(patience.compareTo(timing.resendCap()) < 0 ? patience : timing.resendCap()) > 0
                ? RESEND
                : LEAVE;
    }

    /** Sent again when it is overdue by the grace, twice, four times … of it: by the sweep that first sees it so. */
    private static boolean overdue(Instant notBefore, Scene scene, Instant now) {
        Instant sweptAt = scene.dispatch().sweptAt();
        long late = Duration.between(notBefore, now).toMillis();
        long lateThen =
                sweptAt == null ? -1 : Duration.between(notBefore, sweptAt).toMillis();
        for (long step = scene.timing().overdueGrace().toMillis(); step <= late; step *= 2) {
            if (lateThen < step) {
                return true;
            }
        }
        return false;
    }

    private static Duration doubled(Duration duration, int times) {
        return duration.multipliedBy(1L << Math.min(times, 20));
    }
}
