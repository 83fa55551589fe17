package dev.stepstile.usecase;

import dev.stepstile.port.StepQueue;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Pauses;
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
    record Scene(Dispatch dispatch, long cancelSeq, boolean queueShowsMessages, Pauses pauses, Timing timing) {
        Scene with(Pauses newer) {
            return new Scene(dispatch, cancelSeq, queueShowsMessages, newer, timing);
        }

        /** When the dispatch function has certainly ended. */
        Instant crashedAt() {
            return dispatch.accepted()
                    .createdAt()
                    .plus(timing.dispatchTimeout())
                    .plus(timing.margin());
        }

        /**
         * Whether the last reading of every unfinished step may not have known that a pause had ended: messages that were
         * deleted during the pause were not sent again since. Clocks differ, and the end may be stamped a moment early.
         */
        boolean wasReadBefore(Instant resumedAt) {
            Instant readAt = dispatch.progress().reading().readAt();
            Instant last = readAt == null ? dispatch.accepted().createdAt() : readAt; // its messages were sent since
            return last.isBefore(settled(resumedAt));
        }

        /** When every clock shows that the pause has ended. */
        Instant settled(Instant resumedAt) {
            return resumedAt.plus(PauseControl.STAMP_AGE).plus(timing.margin());
        }
    }

    sealed interface Decision {
        /** It runs, or waits its turn. */
        record Leave() implements Decision {}

        /** Ended and, if DEAD, dead-lettered: not looked at again. */
        record Done() implements Decision {}

        /** Send its message again. */
        record Resend() implements Decision {}

        /** Send its message, which the queue could not delay for long enough before. */
        record SendFirst() implements Decision {}

        /** Its deadline is over: end the attempt, and send the step again or dead-letter it. */
        record Reclaim() implements Decision {}

        /** The run was cancelled, and the call that cancelled it did not reach this step. */
        record Cancel() implements Decision {}

        /** It runs, unless its worker's item is gone: then end the attempt. Its worker may have to be asked to stop. */
        record LookForWorker(StepRecord running, String worker, boolean askToStop) implements Decision {}

        /** DEAD, but its dead letter may not have been sent. */
        record MoveToDeadLetters(StepRecord record, StepState.Dead dead) implements Decision {}

        /** It waits, and its deadline is over. */
        record EndAtDeadline() implements Decision {}

        /** It can no longer be started. */
        record Discard(StepError error) implements Decision {}
    }

    private static final Decision LEAVE = new Decision.Leave();
    private static final Decision RESEND = new Decision.Resend();
    private static final Decision END_AT_DEADLINE = new Decision.EndAtDeadline();
    private static final Decision SEND_FIRST = new Decision.SendFirst();

    static Decision decide(StepSpec spec, @Nullable StepRecord record, Scene scene, Instant now) {
        if (record == null) {
            return unclaimed(spec, scene, now);
        }
        boolean attached =
                !record.settings().dispatchId().equals(scene.dispatch().dispatchId());
        return switch (record.state()) {
            case StepState.Dead dead
            when dead.deadLetteredAt() == null -> attached ? LEAVE : new Decision.MoveToDeadLetters(record, dead);
            case StepState.Ended _ -> new Decision.Done();
            case StepState _ when record.cancelSeq() < scene.cancelSeq() -> new Decision.Cancel();
            case StepState _ when attached -> LEAVE; // the dispatch that claimed it first drives it
            case StepState.Running _ when record.overdue(now, scene.timing().margin()) -> new Decision.Reclaim();
            case StepState.Running(Instant _, boolean cancelRequested) -> lookForWorker(record, cancelRequested);
            case StepState.Retrying _ when record.settings().window().isOver(now) -> END_AT_DEADLINE;
            case StepState.Retrying _ when scene.pauses().cover(spec) -> LEAVE;
            case StepState.Retrying(Instant notBefore) ->
                wasPaused(spec, notBefore, scene) || isOverdue(notBefore, scene, now) ? RESEND : LEAVE;
        };
    }

    private static Decision lookForWorker(StepRecord running, boolean cancelRequested) {
        String worker = running.worker();
        return worker == null ? LEAVE : new Decision.LookForWorker(running, worker, cancelRequested);
    }

    private static Decision unclaimed(StepSpec spec, Scene scene, Instant now) {
        Dispatch dispatch = scene.dispatch();
        Timing timing = scene.timing();
        if (scene.cancelSeq() > 0) {
            return new Decision.Cancel();
        }
        if (now.isAfter(spec.validUntil())) {
            return new Decision.Discard(StepError.notStartedBefore(spec.validUntil()));
        }
        if (spec.settings().window().isOver(now)) {
            return END_AT_DEADLINE;
        }
        if (!StepSender.isSendable(spec, now) || scene.pauses().cover(spec)) {
            return LEAVE;
        }
        if (wasPaused(spec, Instant.MIN, scene)) {
            return RESEND;
        }
        if (dispatch.sending().sentAt() == null && dispatch.sending().resends() == 0) {
            return now.isAfter(scene.crashedAt()) ? RESEND : LEAVE;
        }
        if (becameSendable(spec, dispatch)) {
            return SEND_FIRST;
        }
        Duration sinceSent = Duration.between(
                spec.settings().window().earliest(dispatch.sending().lastSentAt()), now);
        if (!scene.queueShowsMessages()
                && sinceSent.compareTo(timing.resending().lostAfter()) > 0) {
            return RESEND;
        }
        Duration patience =
                doubled(timing.resending().unclaimedAfter(), dispatch.sending().resends());
        return sinceSent.compareTo(
                                patience.compareTo(timing.resending().unclaimedCap()) < 0
                                        ? patience
                                        : timing.resending().unclaimedCap())
                        > 0
                ? RESEND
                : LEAVE;
    }

    /**
     * Its message may have been deleted during a pause, and not been sent since.
     *
     * @param notBefore its message was invisible until then
     */
    private static boolean wasPaused(StepSpec spec, Instant notBefore, Scene scene) {
        return scene.pauses()
                .resumedAt(spec)
                .filter(resumedAt -> notBefore.isBefore(scene.settled(resumedAt)) && scene.wasReadBefore(resumedAt))
                .isPresent();
    }

    /** Since its dispatch was accepted, and since the last reading: nobody has sent it. */
    private static boolean becameSendable(StepSpec spec, Dispatch dispatch) {
        Instant from = spec.settings().window().sendableFrom(StepQueue.MAX_DELAY);
        Instant readAt = dispatch.progress().reading().readAt();
        return from != null
                && from.isAfter(dispatch.accepted().createdAt())
                && (readAt == null || readAt.isBefore(from));
    }

    /** Sent again when it is overdue by the grace, twice, four times … of it: by the first reading that sees it so. */
    private static boolean isOverdue(Instant notBefore, Scene scene, Instant now) {
        Instant readAt = scene.dispatch().progress().reading().readAt();
        Duration grace = scene.timing().resending().overdueAfter();
        Instant since = readAt == null || readAt.isBefore(notBefore) ? notBefore : readAt;
        return !now.isBefore(overdueAgain(notBefore, grace, since));
    }

    /** When a retrying step is next overdue by the grace, twice, four times … of it, after {@code now}. */
    static Instant overdueAgain(Instant notBefore, Duration grace, Instant now) {
        Instant at = notBefore.plus(grace);
        for (Duration late = grace; !at.isAfter(now); late = late.multipliedBy(2)) {
            at = notBefore.plus(late);
        }
        return at;
    }

    private static Duration doubled(Duration duration, int times) {
        return duration.multipliedBy(1L << Math.min(times, 20));
    }
}
