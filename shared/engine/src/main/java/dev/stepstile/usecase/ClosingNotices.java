package dev.stepstile.usecase;

import dev.stepstile.codec.NotificationCodec;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Notification;
import dev.stepstile.step.Truncation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The notifications of closed dispatches, as far as one sweep sends them. They are taken while it goes through the
 * dispatches, and sent after everything else: no closing waits for a target. Taking counts the try and sets the time of
 * the next one, so a sweep that ends before it has heard of a try costs a wait.
 */
final class ClosingNotices {
    private static final Logger LOG = LoggerFactory.getLogger(ClosingNotices.class);
    private static final int SENDS_AT_ONCE = 16;

    /** Of the sweep's time, what is kept for sending once something is to be sent. */
    private static final Duration RESERVE = Duration.ofSeconds(10);

    /** Of an error, what is stored: the item of a dispatch is to stay small. */
    private static final int ERROR_LENGTH = 200;

    private static final String UNHEARD = "the sweep that sent it ended before it had an answer";

    private final StepStore store;
    private final Notifier notifier;
    private final Timing timing;
    private final EngineRuntime runtime;
    private final Meter meter;
    private final List<Dispatch> taken = new ArrayList<>();

    ClosingNotices(EngineParts parts) {
        this.store = parts.store();
        this.notifier = parts.ports().notifier();
        this.timing = parts.timing();
        this.runtime = parts.runtime();
        this.meter = parts.meter();
    }

    /** Until when dispatches are gone through, if the sweep is to end by then. */
    Instant leaveTime(Instant deadline) {
        return taken.isEmpty() ? deadline : deadline.minus(RESERVE);
    }

    /** Takes what a closed dispatch owes, unless something else changes the dispatch first. */
    void take(Dispatch closed) {
        Owed owed = Owed.by(closed);
        if (owed == null) {
            return;
        }
        if (owed.closing().tries() >= Notification.MOST_TRIES) {
            conclude(closed, new Notifier.Outcome.Gone(UNHEARD));
            return;
        }
        Dispatch telling = closed.telling(runtime.now(), timing.sweepEvery());
        if (store.replace(telling)) {
            taken.add(telling);
        }
    }

    /** Sends what was taken. What is not sent by the deadline is taken again by a later sweep. */
    void send(Instant deadline) throws InterruptedException {
        if (taken.isEmpty()) {
            return;
        }
        List<Boolean> begun = ParallelCalls.map(runtime.tasks(), SENDS_AT_ONCE, "notify", taken, dispatch -> {
            boolean inTime = runtime.now().isBefore(deadline);
            if (inTime) {
                send(dispatch);
            }
            return inTime;
        });
        taken.clear();
        long late = begun.stream().filter(inTime -> !inTime).count();
        if (late > 0) {
            LOG.warn(
                    "{} notifications were not sent in this sweep, as its time was over; later sweeps send them.",
                    late);
        }
    }

    private void send(Dispatch telling) {
        Owed owed = Owed.by(telling);
        if (owed == null) {
            return;
        }
        Notifier.Outcome outcome;
        try {
            outcome = notifier.send(owed.notification().target(), owed.notice());
        } catch (RuntimeException e) { // whatever one target leads to, the others are told, and the sweep goes on
            outcome = new Notifier.Outcome.Failed(e instanceof PortException ? e.getMessage() + "" : e.toString());
        }
        try {
            conclude(telling, outcome);
        } catch (PortException e) {
            LOG.warn(
                    "Dispatch {}/{}: what came of its notification could not be stored ({}); a later sweep sends it again.",
                    telling.runId(),
                    telling.dispatchId(),
                    e.getMessage());
        }
    }

    /** Stores what came of a try. If a redrive has reopened the dispatch meanwhile, it owes nothing. */
    private void conclude(Dispatch telling, Notifier.Outcome outcome) {
        Dispatch concluded = switch (outcome) {
            case Notifier.Outcome.Delivered _ -> telling.told();
            case Notifier.Outcome.Failed(String why) -> telling.notTold(Truncation.middle(why, ERROR_LENGTH), false);
            case Notifier.Outcome.Gone(String why) -> telling.notTold(Truncation.middle(why, ERROR_LENGTH), true);
        };
        if (store.replace(concluded)) {
            report(concluded);
        }
    }

    private void report(Dispatch concluded) {
        Notification notification = concluded.schedule().notification();
        Notification.Closing closing = notification == null ? null : notification.closing();
        if (notification == null || closing == null) {
            return;
        }
        switch (notification.status()) {
            case SENT -> meter.add(Metric.NOTIFICATIONS_SENT);
            case FAILED -> {
                meter.add(Metric.NOTIFICATIONS_FAILED);
                LOG.error(
                        "Dispatch {}/{}: its notification is given up after {} tries ({}); whoever waits for it reads the run's status.",
                        concluded.runId(),
                        concluded.dispatchId(),
                        closing.tries(),
                        closing.error());
            }
            case OWED ->
                LOG.warn(
                        "Dispatch {}/{}: try {} of its notification failed ({}); the next one follows at {}.",
                        concluded.runId(),
                        concluded.dispatchId(),
                        closing.tries(),
                        closing.error(),
                        closing.nextTryAt());
            case WAITING -> {}
        }
    }

    /** What a closed dispatch owes. */
    private record Owed(Dispatch dispatch, Notification notification, Notification.Closing closing) {
        static @Nullable Owed by(Dispatch dispatch) {
            Notification notification = dispatch.schedule().notification();
            Notification.Closing closing = notification == null ? null : notification.closing();
            return notification == null || closing == null || closing.nextTryAt() == null
                    ? null
                    : new Owed(dispatch, notification, closing);
        }

        Notifier.Notice notice() {
            return new Notifier.Notice(
                    NotificationCodec.id(dispatch, closing),
                    closing.at(),
                    NotificationCodec.data(dispatch, notification, closing));
        }
    }
}
