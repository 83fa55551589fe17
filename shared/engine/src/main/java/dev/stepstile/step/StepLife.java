package dev.stepstile.step;

import dev.stepstile.step.StepState.Cancelled;
import dev.stepstile.step.StepState.Dead;
import dev.stepstile.step.StepState.Ended;
import dev.stepstile.step.StepState.Failed;
import dev.stepstile.step.StepState.Progress;
import dev.stepstile.step.StepState.Retrying;
import dev.stepstile.step.StepState.Running;
import dev.stepstile.step.StepState.Succeeded;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A step's whole life: what each event does in each state. Pure; the only place that builds a {@link StepRecord}'s next
 * state. The table in the README is this class, and a test holds the two against each other.
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
            case StepEvent.Renew renew ->
                owned(found, renew.attempt(), renew.owner(), (record, running) -> renewed(record, running, renew, now));
            case StepEvent.Succeed succeed ->
                owned(
                        found,
                        succeed.attempt(),
                        succeed.owner(),
                        (record, running) ->
                                next(record, new Succeeded(succeed.result(), now), succeed.pages(), record.history()));
            case StepEvent.Fail fail ->
                owned(found, fail.attempt(), fail.owner(), (record, running) -> failed(record, running, fail, now));
            case StepEvent.Release release ->
                owned(
                        found,
                        release.attempt(),
                        release.owner(),
                        (record, running) -> released(record, running, release, now));
            case StepEvent.Expire expire -> expire(found, expire, now);
            case StepEvent.Cancel cancel -> cancel(found, cancel, now);
            case StepEvent.Redrive redrive -> redrive(found, redrive, now);
            case StepEvent.Buried deadLettered -> deadLettered(found, deadLettered, now);
            case StepEvent.Discard discard -> discard(found, discard, now);
        };
    }

    private static Transition claim(@Nullable StepRecord found, StepEvent.Claim claim, Instant now) {
        StepSpec spec = claim.spec();
        if (found == null) {
            if (now.isAfter(spec.validUntil())) {
                StepError late = new StepError(
                        StepError.Kind.EXPIRED, "Not started before " + spec.validUntil() + "; dispatch it anew.");
                return discard(null, new StepEvent.Discard(spec, late), now);
            }
            return new Transition.Write(claimed(unclaimed(spec, now), claim, now), new Precondition.Absent());
        }
        if (found.state() instanceof Ended) {
            return new Transition.Finished(found);
        }
        if (!found.settings().dispatchId().equals(spec.settings().dispatchId())) {
            return new Transition.Attached(found);
        }
        return switch (found.state()) {
            case Running running -> {
                if (!found.leaseExpired(now, claim.margin()) || !found.budgetLeft() || running.cancelRequested()) {
                    yield new Transition.Held(found);
                }
                yield claim.alone()
                        ? new Transition.Write(claimed(lost(found, now), claim, now), Precondition.asRead(found))
                        : new Transition.Suspect(found);
            }
            case Retrying(Instant notBefore) when now.isBefore(notBefore) -> new Transition.NotDue(found, notBefore);
            case Retrying due ->
                found.suspect() && !claim.alone()
                        ? new Transition.Suspect(found)
                        : new Transition.Write(claimed(found, claim, now), Precondition.asRead(found));
            case Ended ended -> new Transition.Finished(found);
        };
    }

    private static StepRecord claimed(StepRecord from, StepEvent.Claim claim, Instant now) {
        return new StepRecord(
                from.id(),
                from.shard(),
                from.settings(),
                from.attempt() + 1,
                claim.owner(),
                from.budgetFrom(),
                from.cancelSeq(),
                from.createdAt(),
                now,
                0,
                from.history(),
                new Running(now.plus(claim.lease()), false, Progress.NONE),
                from.redrivenBy());
    }

    private static StepRecord renewed(StepRecord record, Running running, StepEvent.Renew renew, Instant now) {
        return next(
                record,
                new Running(now.plus(renew.lease()), running.cancelRequested(), renew.progress()),
                record.pages(),
                record.history());
    }

    private static StepRecord failed(StepRecord record, Running running, StepEvent.Fail fail, Instant now) {
        StepError error = fail.error();
        StepState end;
        if (running.cancelRequested()) {
            end = new Cancelled(now);
        } else {
            end = switch (fail.weight()) {
                case TERMINAL -> new Failed(error, now);
                case HOPELESS -> new Dead(error, now, null);
                case RETRYABLE ->
                    record.budgetLeft() ? new Retrying(now.plus(fail.retryIn())) : new Dead(error, now, null);
            };
        }
        return next(record, end, fail.pages(), noted(record, error.kind(), error.message(), now));
    }

    /** The fence never goes back, so what is not counted moves the beginning of the budget. */
    private static StepRecord released(StepRecord record, Running running, StepEvent.Release release, Instant now) {
        String message = "Its worker was told to stop.";
        if (running.cancelRequested()) {
            return next(
                    record, new Cancelled(now), release.pages(), noted(record, StepError.Kind.CANCELLED, message, now));
        }
        return new StepRecord(
                record.id(),
                record.shard(),
                record.settings(),
                record.attempt(),
                record.owner(),
                record.budgetFrom() + 1,
                record.cancelSeq(),
                record.createdAt(),
                record.startedAt(),
                release.pages(),
                noted(record, StepError.Kind.WORKER_STOPPED, message + " This attempt is not counted.", now),
                new Retrying(now),
                record.redrivenBy());
    }

    private static Transition expire(@Nullable StepRecord found, StepEvent.Expire expire, Instant now) {
        if (found == null || !(found.state() instanceof Running running) || !found.leaseExpired(now, expire.margin())) {
            return UNCHANGED;
        }
        StepRecord lost = lost(found, now);
        StepState end;
        if (running.cancelRequested()) {
            end = new Cancelled(now);
        } else if (found.budgetLeft()) {
            end = new Retrying(now);
        } else {
            String message = lost.history().getLast().message() + " It was the last of "
                    + found.settings().retry().maxAttempts() + ".";
            end = new Dead(new StepError(StepError.Kind.WORKER_LOST, message), now, null);
        }
        return new Transition.Write(next(lost, end, found.pages(), lost.history()), Precondition.asRead(found));
    }

    private static Transition cancel(@Nullable StepRecord found, StepEvent.Cancel cancel, Instant now) {
        long answeredSeq = found == null ? 0 : found.cancelSeq();
        if (answeredSeq >= cancel.seq()) {
            return UNCHANGED;
        }
        if (found == null) {
            StepRecord fresh = answered(unclaimed(cancel.spec(), now), cancel.seq(), new Cancelled(now));
            return new Transition.Write(fresh, new Precondition.Absent());
        }
        return switch (found.state()) {
            case Running running ->
                new Transition.Write(
                        answered(found, cancel.seq(), new Running(running.leaseUntil(), true, running.progress())),
                        Precondition.asRead(found));
            case Retrying retrying ->
                new Transition.Write(answered(found, cancel.seq(), new Cancelled(now)), Precondition.asRead(found));
            case Ended ended -> UNCHANGED;
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
        if (redrive.by() != null && redrive.by().equals(found.redrivenBy())) {
            return UNCHANGED;
        }
        return switch (found.state()) {
            case Succeeded succeeded -> new Transition.Finished(found);
            case Failed failed -> redriven(found, redrive, now);
            case Dead dead -> redriven(found, redrive, now);
            case Cancelled cancelled -> redriven(found, redrive, now);
            case Running running -> UNCHANGED;
            case Retrying retrying -> UNCHANGED;
        };
    }

    private static Transition redriven(StepRecord found, StepEvent.Redrive redrive, Instant now) {
        List<FailedAttempt> history = found.history();
        if (!redrive.overrides().equals(StepOverrides.NONE)) {
            String message =
                    "Redriven with " + redrive.overrides().said(found.settings()) + ", by " + redrive.by() + ".";
            history = noted(found, StepError.Kind.REDRIVEN, message, now);
        }
        return new Transition.Write(
                new StepRecord(
                        found.id(),
                        found.shard(),
                        redrive.overrides().on(found.settings()),
                        found.attempt(),
                        found.owner(),
                        found.attempt(),
                        redrive.cancelSeq(),
                        found.createdAt(),
                        found.startedAt(),
                        found.pages(),
                        history,
                        new Retrying(now),
                        redrive.by()),
                Precondition.asRead(found));
    }

    private static Transition deadLettered(@Nullable StepRecord found, StepEvent.Buried deadLettered, Instant now) {
        if (found != null
                && found.attempt() == deadLettered.attempt()
                && found.state() instanceof Dead dead
                && dead.deadLetteredAt() == null) {
            Dead marked = new Dead(dead.error(), dead.finishedAt(), now);
            return new Transition.Write(
                    next(found, marked, found.pages(), found.history()), Precondition.asRead(found));
        }
        return UNCHANGED;
    }

    private static Transition discard(@Nullable StepRecord found, StepEvent.Discard discard, Instant now) {
        StepState dead = new Dead(discard.error(), now, null);
        if (found == null) {
            StepRecord fresh = unclaimed(discard.spec(), now);
            return new Transition.Write(next(fresh, dead, 0, fresh.history()), new Precondition.Absent());
        }
        if (found.state() instanceof Ended) {
            return new Transition.Finished(found);
        }
        if (!found.settings().dispatchId().equals(discard.spec().settings().dispatchId())) {
            return new Transition.Attached(found);
        }
        return switch (found.state()) {
            case Retrying retrying ->
                new Transition.Write(next(found, dead, found.pages(), found.history()), Precondition.asRead(found));
            case Running running -> new Transition.Held(found);
            case Ended ended -> new Transition.Finished(found);
        };
    }

    private interface Owned {
        StepRecord next(StepRecord record, Running running);
    }

    private static Transition owned(@Nullable StepRecord found, int attempt, String owner, Owned change) {
        if (found == null) {
            return UNCHANGED;
        }
        if (found.attempt() == attempt && found.owner().equals(owner) && found.state() instanceof Running running) {
            return new Transition.Write(change.next(found, running), Precondition.fence(found));
        }
        return new Transition.Stale(found);
    }

    /** A record before its first claim: only a starting point, never stored as it is. */
    private static StepRecord unclaimed(StepSpec spec, Instant now) {
        return new StepRecord(
                spec.id(), spec.shard(), spec.settings(), 0, "", 0, 0, now, null, 0, List.of(), new Retrying(now));
    }

    private static StepRecord lost(StepRecord found, Instant now) {
        String message = "The worker of attempt " + found.attempt() + " fell silent and its lease ran out.";
        return next(found, found.state(), found.pages(), noted(found, StepError.Kind.WORKER_LOST, message, now));
    }

    private static List<FailedAttempt> noted(StepRecord record, StepError.Kind cause, String message, Instant now) {
        List<FailedAttempt> history = new ArrayList<>(record.history());
        Instant startedAt = record.startedAt();
        history.add(new FailedAttempt(record.attempt(), startedAt == null ? now : startedAt, now, cause, message));
        return history;
    }

    private static StepRecord answered(StepRecord record, long cancelSeq, StepState state) {
        return new StepRecord(
                record.id(),
                record.shard(),
                record.settings(),
                record.attempt(),
                record.owner(),
                record.budgetFrom(),
                cancelSeq,
                record.createdAt(),
                record.startedAt(),
                record.pages(),
                record.history(),
                state,
                record.redrivenBy());
    }

    private static StepRecord next(StepRecord record, StepState state, int pages, List<FailedAttempt> history) {
        return new StepRecord(
                record.id(),
                record.shard(),
                record.settings(),
                record.attempt(),
                record.owner(),
                record.budgetFrom(),
                record.cancelSeq(),
                record.createdAt(),
                record.startedAt(),
                pages,
                history,
                state,
                record.redrivenBy());
    }

    /** How long the lease still runs, never negative. */
    public static Duration leaseLeft(Running running, Instant now) {
        Duration left = Duration.between(now, running.leaseUntil());
        return left.isNegative() ? Duration.ZERO : left;
    }
}
