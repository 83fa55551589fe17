package dev.stepstile.usecase;

import dev.stepstile.step.Limits;
import dev.stepstile.step.Moment;
import dev.stepstile.step.Times;
import dev.stepstile.usecase.Dispatcher.Answer;
import dev.stepstile.usecase.Dispatcher.Answer.OutOfTime;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Dispatcher.Request;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the times of a dispatch, and those that a redrive sets, may be when the call is accepted. */
final class TimeLimits {
    private TimeLimits() {}

    /** Why a dispatch is not accepted now; empty if it may be. */
    static Optional<Answer> refusal(Request request, Instant now) {
        for (NewStep step : request.steps()) {
            Optional<OutOfTime> refused =
                    refusal("Step '" + step.key() + "': ", "the dispatch's 'deadline'", step.times(), now);
            if (refused.isPresent()) {
                return Optional.of(refused.get());
            }
        }
        return Optional.empty();
    }

    /** Why a redrive may not set these times now; empty if it may. */
    static Optional<OutOfTime> refusal(Times times, Instant now) {
        return refusal("", "'deadline'", times, now);
    }

    /**
     * @param whose of whom {@code notBefore} is, for the message
     * @param before what it must be before, for the message
     */
    private static Optional<OutOfTime> refusal(String whose, String before, Times times, Instant now) {
        Instant deadline = at(times.deadline(), now);
        Instant notBefore = at(times.notBefore(), now);
        Optional<OutOfTime> refused = deadline == null ? Optional.empty() : ofDeadline(deadline, now);
        return refused.isEmpty() && notBefore != null ? ofNotBefore(whose, before, notBefore, deadline, now) : refused;
    }

    private static @Nullable Instant at(@Nullable Moment moment, Instant now) {
        return moment == null ? null : moment.from(now);
    }

    private static Optional<OutOfTime> ofDeadline(Instant deadline, Instant now) {
        Instant most = now.plus(Limits.DEADLINE);
        return deadline.isAfter(now) && !deadline.isAfter(most)
                ? Optional.empty()
                : refused(
                        "deadline",
                        "'deadline' must be after now, " + now + ", and not after " + most + ", "
                                + Limits.DEADLINE.toDays() + " days from now.");
    }

    private static Optional<OutOfTime> ofNotBefore(
            String whose, String before, Instant notBefore, @Nullable Instant deadline, Instant now) {
        Instant most = now.plus(Limits.NOT_BEFORE);
        if (notBefore.isAfter(most)) {
            return refused(
                    "notBefore",
                    whose + "'notBefore' must not be after " + most + ", " + Limits.NOT_BEFORE.toDays()
                            + " days from now; make the call later.");
        }
        return deadline == null || notBefore.isBefore(deadline)
                ? Optional.empty()
                : refused("notBefore", whose + "'notBefore' must be before " + before + ", " + deadline + ".");
    }

    private static Optional<OutOfTime> refused(String member, String detail) {
        return Optional.of(new OutOfTime(member, detail));
    }
}
