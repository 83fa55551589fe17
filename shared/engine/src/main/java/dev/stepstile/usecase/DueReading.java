package dev.stepstile.usecase;

import dev.stepstile.port.StepQueue;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Window;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * When a sweep reads every unfinished step of a dispatch: only when a rule could act on one. The ends of steps come from
 * the feed, and the steps of lost workers from the workers' items. Pure.
 */
final class DueReading {
    /** When a damaged record is read again: somebody may have repaired it. */
    static final Duration DAMAGED_AGAIN = Duration.ofMinutes(10);

    private DueReading() {}

    static boolean isDue(Recovery.Scene scene, Instant now) {
        Dispatch.Reading reading = scene.dispatch().progress().reading();
        Instant readAt = reading.readAt() == null ? Instant.EPOCH : reading.readAt();
        return reading.cancelSeq() < scene.cancelSeq()
                || isOver(reading.actAt(), now)
                || readAt.isBefore(scene.dispatch().schedule().keepOpenUntil()) // a redrive may have written since
                || wasPaused(scene)
                || (!scene.pauses().coverRun(scene.dispatch().runId()) // else nothing is sent
                        && (isUnsent(scene, readAt, now) || isLongAgo(scene, now)));
    }

    /** A pause has ended since, and messages of its steps may have been deleted. */
    private static boolean wasPaused(Recovery.Scene scene) {
        return scene.pauses()
                .resumedAt(scene.dispatch().runId())
                .filter(scene::wasReadBefore)
                .isPresent();
    }

    private static boolean isOver(@Nullable Instant at, Instant now) {
        return at != null && !now.isBefore(at);
    }

    /** The dispatch function must have crashed before it sent all messages. */
    private static boolean isUnsent(Recovery.Scene scene, Instant readAt, Instant now) {
        Instant crashed = scene.crashedAt();
        return scene.dispatch().sending().sentAt() == null && now.isAfter(crashed) && !readAt.isAfter(crashed);
    }

    /**
     * A message may have been lost. Where the queue shows no message, the steps are read 2, 4, 8 … minutes after the last send
     * and then each hour; where it does, 1, 2, 4 … hours after it and then each twelve. Of readings while it showed messages,
     * none can have sent again what an empty queue shows to be lost.
     */
    private static boolean isLongAgo(Recovery.Scene scene, Instant now) {
        Timing.Resending times = scene.timing().resending();
        Dispatch.Reading reading = scene.dispatch().progress().reading();
        Instant sentAt = scene.dispatch().sending().lastSentAt();
        return scene.queueShowsMessages()
                ? isLongAgo(sentAt, reading.readAt(), times.unclaimedAfter(), times.unclaimedCap(), now)
                : isLongAgo(sentAt, reading.emptyReadAt(), times.lostAfter(), times.unclaimedAfter(), now);
    }

    private static boolean isLongAgo(
            Instant sentAt, @Nullable Instant readAt, Duration least, Duration most, Instant now) {
        Instant last = readAt == null || readAt.isBefore(sentAt) ? sentAt : readAt;
        boolean doubles = Duration.between(sentAt, last).compareTo(most) < 0;
        return now.isAfter(doubles ? Recovery.overdueAgain(sentAt, least, last) : last.plus(most));
    }

    /** When a rule can next act on a step that nobody has claimed, by when it may run; null if none can. */
    static @Nullable Instant actAt(Window window, Timing timing, Instant now) {
        Instant notBefore = window.notBefore();
        Instant next = first(window.deadline(), null, now);
        if (notBefore != null) {
            next = first(
                    notBefore.plus(timing.resending().unclaimedAfter()),
                    next,
                    now); // the queue may show others' messages
            next = first(notBefore.plus(timing.resending().lostAfter()), next, now); // its message may be lost
            next = first(notBefore.minus(StepQueue.MAX_DELAY), next, now); // it can be sent
        }
        return next;
    }

    /** The first of two moments, of which one counts only if it lies ahead. */
    private static @Nullable Instant first(@Nullable Instant at, @Nullable Instant other, Instant now) {
        return at == null || !at.isAfter(now) || (other != null && other.isBefore(at)) ? other : at;
    }

    /** When a rule can next act on a step as it was read; null if only what happens to it can make one act. */
    static @Nullable Instant actAt(StepSpec spec, @Nullable StepRecord record, Recovery.Scene scene, Instant now) {
        if (record == null) {
            return actAt(spec.settings().window(), scene.timing(), now);
        }
        if (!record.settings().dispatchId().equals(scene.dispatch().dispatchId())) {
            return null;
        }
        Instant deadline = record.state() instanceof StepState.Ended
                ? null
                : record.settings().window().deadline();
        return first(deadline, ofState(record, scene, now), now);
    }

    private static @Nullable Instant ofState(StepRecord record, Recovery.Scene scene, Instant now) {
        return switch (record.state()) {
            case StepState.Retrying(Instant notBefore) ->
                Recovery.overdueAgain(notBefore, scene.timing().resending().overdueAfter(), now);
            // a version before claimed it: no worker's item names it
            case StepState.Running running
            when record.worker() == null ->
                running.deadline().plus(scene.timing().margin());
            case StepState _ -> null;
        };
    }
}
