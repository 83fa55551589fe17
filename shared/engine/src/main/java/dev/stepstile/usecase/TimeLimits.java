package dev.stepstile.usecase;

import dev.stepstile.step.Limits;
import dev.stepstile.step.Moment;
import dev.stepstile.step.Times;
import dev.stepstile.usecase.Dispatcher.Answer;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Dispatcher.Request;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the times of a dispatch may be, when it is accepted. */
final class TimeLimits {
    private TimeLimits() {}

    /** Why a dispatch is not accepted now; empty if it may be. */
    static Optional<Answer> refusal(Request request, Instant now) {
        for (NewStep step : request.steps()) {
            if (!step.times().equals(Times.NONE)) {
                Instant deadline = at(step.times().deadline(), now);
                Instant notBefore = at(step.times().notBefore(), now);
                Optional<Answer> refused = deadline == null ? Optional.empty() : ofDeadline(deadline, now);
                if (refused.isEmpty() && notBefore != null) {
                    refused = ofNotBefore(step.key(), notBefore, deadline, now);
                }
                if (refused.isPresent()) {
                    return refused;
                }
            }
        }
        return Optional.empty();
    }

    private static @Nullable Instant at(@Nullable Moment moment, Instant now) {
        return moment == null ? null : moment.from(now);
    }

    private static Optional<Answer> ofDeadline(Instant deadline, Instant now) {
        Instant most = now.plus(Limits.DEADLINE);
        return deadline.isAfter(now) && !deadline.isAfter(most)
                ? Optional.empty()
                : refused(
                        "deadline",
                        "'deadline' must be after now, " + now + ", and not after " + most + ", "
                                + Limits.DEADLINE.toDays() + " days from now.");
    }

    private static Optional<Answer> ofNotBefore(
            String key, Instant notBefore, @Nullable Instant deadline, Instant now) {
        Instant most = now.plus(Limits.NOT_BEFORE);
        if (notBefore.isAfter(most)) {
            return refused(
                    "notBefore",
                    "Step '" + key + "': 'notBefore' must not be after " + most + ", " + Limits.NOT_BEFORE.toDays()
                            + " days from now; dispatch it later.");
        }
        return deadline == null || notBefore.isBefore(deadline)
                ? Optional.empty()
                : refused(
                        "notBefore",
                        "Step '" + key + "': 'notBefore' must be before the dispatch's 'deadline', " + deadline + ".");
    }

    private static Optional<Answer> refused(String member, String detail) {
        return Optional.of(new Answer.OutOfTime(member, detail));
    }
}
