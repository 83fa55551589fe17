package dev.stepstile.step;

import dev.stepstile.step.StepState.Cancelled;
import dev.stepstile.step.StepState.Dead;
import dev.stepstile.step.StepState.Ended;
import dev.stepstile.step.StepState.Failed;
import dev.stepstile.step.StepState.Retrying;
import dev.stepstile.step.StepState.Running;
import dev.stepstile.step.StepState.Succeeded;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A step's whole life: what each event does in each state. Pure; the only place that builds a {@link StepRecord}'s next
 * state. The table in docs/state-table.md is generated from this class.
 */
public final class StepLife {
    private static final Transition UNCHANGED = new Transition.Unchanged();

    private StepLife() {}

    /**
     * @param found the record as read or as last written by the caller; null if there is none
     * @param now whole milliseconds
     */
    public static Transition on(@Nullable StepRecord found, StepEvent event, Instant now) {
        return switch (event) {
            case StepEvent.Claim claim -> claim(found, claim, now);
            case StepEvent.FromOwner fromOwner -> fromOwner(found, fromOwner, now);
            case StepEvent.WorkerLost lost -> workerLost(found, lost, now);
            case StepEvent.Expire expire -> expire(found, expire, now);
            case StepEvent.ReachDeadline(StepSpec spec) -> reachDeadline(found, spec, now);
            case StepEvent.Cancel cancel -> cancel(found, cancel, now);
            case StepEvent.CancelStep(StepSpec spec) -> cancelStep(found, spec, now);
            case StepEvent.Redrive redrive -> redrive(found, redrive, now);
            case StepEvent.DeadLettered deadLettered -> deadLettered(found, deadLettered, now);
            case StepEvent.Discard discard -> discard(found, discard, now);
        };
    }

    private static Transition claim(@Nullable StepRecord found, StepEvent.Claim claim, Instant now) {
        StepSpec spec = claim.spec();
        if (found == null) {
            return firstClaim(claim, now);
        }
        return switch (found.state()) {
            case Ended _ -> new Transition.Finished(found);
            case StepState _ when !isDrivenBy(spec, found) -> new Transition.Attached(found);
            case Running _ -> new Transition.Held(found);
            case Retrying _ when isOver(found, now) -> change(found, found.withState(overdue(found, "", now)));
            case Retrying(Instant notBefore) when now.isBefore(notBefore) -> new Transition.NotDue(notBefore);
            case Retrying _ when found.suspect() && !claim.alone() -> new Transition.Suspect(found);
            case Retrying _ -> change(found, claimed(found, claim, now));
        };
    }

    private static Transition firstClaim(StepEvent.Claim claim, Instant now) {
        StepSpec spec = claim.spec();
        if (now.isAfter(spec.validUntil())) {
            return discard(null, new StepEvent.Discard(spec, StepError.notStartedBefore(spec.validUntil())), now);
        }
        Window window = spec.settings().window();
        if (window.isOver(now)) {
            return reachDeadline(null, spec, now);
        }
        return window.isAhead(now)
                ? new Transition.NotDue(window.earliest(now))
                : create(claimed(unclaimed(spec, now), claim, now));
    }

    private static StepRecord claimed(StepRecord record, StepEvent.Claim claim, Instant now) {
        return record.withNextAttempt(claim.owner(), now).withState(new Running(claim.deadline(), false));
    }

    /** An attempt changes its step only while it owns it. */
    private static Transition fromOwner(@Nullable StepRecord found, StepEvent.FromOwner event, Instant now) {
        if (found == null) {
            return UNCHANGED;
        }
        if (found.attempt() == event.attempt()
                && found.owner().equals(event.owner())
                && found.state() instanceof Running running) {
            StepRecord next = switch (event) {
                case StepEvent.Succeed succeed ->
                    found.withPages(succeed.pages()).withState(new Succeeded(succeed.result(), now));
                case StepEvent.Fail fail -> failed(found, running, fail, now);
                case StepEvent.Release release -> released(found, running, release, now);
            };
            return new Transition.Write(next, Precondition.fence(found));
        }
        return new Transition.Stale(found);
    }

    private static StepRecord failed(StepRecord record, Running running, StepEvent.Fail fail, Instant now) {
        StepError error = fail.error();
        StepState next;
        if (running.cancelRequested() || error.kind() == StepError.Kind.CANCELLED) { // its worker may be told first
            next = new Cancelled(now);
        } else {
            next = switch (fail.failureKind()) {
                case TERMINAL -> new Failed(error, now);
                case UNRECOVERABLE -> new Dead(error, now, null);
                case RETRYABLE, PASSING -> afterFailure(record, fail, now);
            };
        }
        return record.withPages(fail.pages())
                .withNote(error.kind(), error.message(), now)
                .withState(next);
    }

    /** What follows a failure that may be retried. A retry that could only begin at the deadline is none. */
    private static StepState afterFailure(StepRecord record, StepEvent.Fail fail, Instant now) {
        StepState refused = refused(record, fail.cause(), now);
        if (refused != null) {
            return refused;
        }
        Instant retryAt = now.plus(fail.retryIn());
        if (isOver(record, record.budgetLeft() ? retryAt : now)) {
            return overdue(record, fail.error().kind() + ": " + fail.error().message(), now);
        }
        return record.budgetLeft() ? new Retrying(retryAt) : new Dead(fail.error(), now, null);
    }

    private static boolean isOver(StepRecord record, Instant at) {
        return record.settings().window().isOver(at);
    }

    /** @param last how its last attempt failed; empty if none did, or its history says so */
    private static StepState overdue(StepRecord record, String last, Instant now) {
        return new Failed(StepError.notDoneBy(record.settings().window().deadline(), last), now);
    }

    private static Transition reachDeadline(@Nullable StepRecord found, StepSpec spec, Instant now) {
        if (found == null) {
            StepRecord first = unclaimed(spec, now);
            return isOver(first, now) ? create(first.withState(overdue(first, "", now))) : UNCHANGED;
        }
        return switch (found.state()) {
            case Ended _ -> new Transition.Finished(found);
            case StepState _ when !isDrivenBy(spec, found) -> new Transition.Attached(found);
            case Running _ -> new Transition.Held(found); // its worker ends it
            case Retrying _ -> isOver(found, now) ? change(found, found.withState(overdue(found, "", now))) : UNCHANGED;
        };
    }

    /** The end of a step whose retry rule excludes a failure; null if it does not. */
    private static @Nullable StepState refused(StepRecord record, StepEvent.Cause cause, Instant now) {
        StepError error = cause.error();
        String refusal = record.settings().retry().rule().refusal(cause);
        return refusal == null
                ? null
                : new Failed(new StepError(error.kind(), error.message() + " (not retried: " + refusal + ")"), now);
    }

    private static StepRecord released(StepRecord record, Running running, StepEvent.Release release, Instant now) {
        String message = "Its worker was stopped.";
        StepRecord ended = record.withPages(release.pages());
        if (running.cancelRequested()) {
            return ended.withNote(StepError.Kind.CANCELLED, message, now).withState(new Cancelled(now));
        }
        StepState refused = refused(record, infrastructure(StepError.Kind.WORKER_STOPPED, message), now);
        if (refused == null && isOver(record, now)) {
            refused = overdue(record, message, now);
        }
        return refused == null
                ? ended.withNote(StepError.Kind.WORKER_STOPPED, message + " This attempt is not counted.", now)
                        .withAttemptNotCounted()
                        .withState(new Retrying(now))
                : ended.withNote(StepError.Kind.WORKER_STOPPED, message, now).withState(refused);
    }

    /** Of a failure that says nothing about the step. */
    private static StepEvent.Cause infrastructure(StepError.Kind kind, String message) {
        return new StepEvent.Cause(StepEvent.FailureKind.PASSING, new StepError(kind, message));
    }

    private static Transition workerLost(@Nullable StepRecord found, StepEvent.WorkerLost lost, Instant now) {
        if (found == null
                || !(found.state() instanceof Running running)
                || found.attempt() != lost.attempt()
                || !lost.worker().equals(found.worker())) {
            return UNCHANGED;
        }
        return change(found, lost(found, running, "Its worker fell silent" + lost.beside() + ".", now));
    }

    private static Transition expire(@Nullable StepRecord found, StepEvent.Expire expire, Instant now) {
        return found != null && found.state() instanceof Running running && found.overdue(now, expire.margin())
                ? change(found, lost(found, running, "Its worker recorded no end in time.", now))
                : UNCHANGED;
    }

    private static StepRecord lost(StepRecord record, Running running, String reason, Instant now) {
        String message = "Attempt " + record.attempt() + " was lost. " + reason;
        StepRecord ended = record.withNote(StepError.Kind.WORKER_LOST, message, now);
        if (running.cancelRequested()) {
            return ended.withState(new Cancelled(now));
        }
        StepState refused = refused(record, infrastructure(StepError.Kind.WORKER_LOST, message), now);
        if (refused != null) {
            return ended.withState(refused);
        }
        if (isOver(record, now)) {
            return ended.withState(overdue(record, message, now));
        }
        if (record.budgetLeft()) {
            return ended.withState(new Retrying(now));
        }
        String last = ended.history().getLast().message() + " It was the last of "
                + record.settings().retry().maxAttempts() + ".";
        return ended.withState(new Dead(new StepError(StepError.Kind.WORKER_LOST, last), now, null));
    }

    private static Transition cancel(@Nullable StepRecord found, StepEvent.Cancel cancel, Instant now) {
        long answered = found == null ? 0 : found.cancelSeq();
        if (answered >= cancel.seq()) {
            return UNCHANGED;
        }
        if (found == null) {
            return create(
                    unclaimed(cancel.spec(), now).withCancelSeq(cancel.seq()).withState(new Cancelled(now)));
        }
        StepRecord next = found.withCancelSeq(cancel.seq());
        return switch (found.state()) {
            case Running running -> change(found, next.withState(new Running(running.deadline(), true)));
            case Retrying _ -> change(found, next.withState(new Cancelled(now)));
            case Ended _ -> UNCHANGED;
        };
    }

    /** It answers no cancel of its run, so a later one still takes it if it was redriven. */
    private static Transition cancelStep(@Nullable StepRecord found, StepSpec spec, Instant now) {
        if (found == null) {
            return create(unclaimed(spec, now).withState(new Cancelled(now)));
        }
        return switch (found.state()) {
            case Running(Instant _, boolean asked) when asked -> UNCHANGED;
            case Running running -> change(found, found.withState(new Running(running.deadline(), true)));
            case Retrying _ -> change(found, found.withState(new Cancelled(now)));
            case Ended _ -> UNCHANGED;
        };
    }

    private static Transition redrive(@Nullable StepRecord found, StepEvent.Redrive redrive, Instant now) {
        if (found == null) {
            return UNCHANGED;
        }
        Integer deadAt = redrive.deadAt();
        if (deadAt != null && !(found.state() instanceof Dead && found.attempt() == deadAt)) {
            return UNCHANGED;
        }
        if (redrive.by() != null && redrive.by().equals(found.answered().redrivenBy())) {
            return UNCHANGED;
        }
        return switch (found.state()) {
            case Succeeded _ -> new Transition.Finished(found);
            case Failed _, Dead _, Cancelled _ -> change(found, redriven(found, redrive, now));
            case Running _, Retrying _ -> UNCHANGED;
        };
    }

    private static StepRecord redriven(StepRecord record, StepEvent.Redrive redrive, Instant now) {
        StepRecord noted = record;
        if (!redrive.overrides().equals(StepOverrides.NONE)) {
            String message = "Redriven with " + redrive.overrides().describe(record.settings(), now) + ", by "
                    + redrive.by() + ".";
            noted = record.withNote(StepError.Kind.REDRIVEN, message, now);
        }
        StepSettings settings = redrive.overrides().on(record.settings(), now);
        return noted.withSettings(settings)
                .withFreshBudget()
                .withAnswered(new StepRecord.AnsweredCalls(redrive.cancelSeq(), redrive.by()))
                .withState(new Retrying(settings.window().earliest(now)));
    }

    private static Transition deadLettered(@Nullable StepRecord found, StepEvent.DeadLettered event, Instant now) {
        return found != null
                        && found.attempt() == event.attempt()
                        && found.state() instanceof Dead(StepError error, Instant finishedAt, Instant deadLetteredAt)
                        && deadLetteredAt == null
                ? change(found, found.withState(new Dead(error, finishedAt, now)))
                : UNCHANGED;
    }

    private static Transition discard(@Nullable StepRecord found, StepEvent.Discard discard, Instant now) {
        StepState dead = new Dead(discard.error(), now, null);
        if (found == null) {
            return create(unclaimed(discard.spec(), now).withState(dead));
        }
        return switch (found.state()) {
            case Ended _ -> new Transition.Finished(found);
            case StepState _ when !isDrivenBy(discard.spec(), found) -> new Transition.Attached(found);
            case Retrying _ -> change(found, found.withState(dead));
            case Running _ -> new Transition.Held(found);
        };
    }

    private static Transition create(StepRecord first) {
        return new Transition.Write(first, new Precondition.Absent());
    }

    private static Transition change(StepRecord found, StepRecord next) {
        return new Transition.Write(next, Precondition.asRead(found));
    }

    /** A record before its first claim: only a starting point, never stored as it is. */
    private static StepRecord unclaimed(StepSpec spec, Instant now) {
        return StepRecord.unclaimed(spec, now, new Retrying(now));
    }

    /** Whether the step was first claimed for this spec's dispatch. */
    private static boolean isDrivenBy(StepSpec spec, StepRecord record) {
        return record.settings().dispatchId().equals(spec.settings().dispatchId());
    }
}
