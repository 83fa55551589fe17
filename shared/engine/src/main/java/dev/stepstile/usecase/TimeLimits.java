package dev.stepstile.usecase;

import dev.stepstile.step.Limits;
import dev.stepstile.step.Moment;
import dev.stepstile.usecase.Dispatcher.Answer;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Dispatcher.Request;
import java.time.Instant;
import java.util.Optional;

/** What the times of a dispatch may be, when it is accepted. */
final class TimeLimits {
    private TimeLimits() {}

    /** Why a dispatch is not accepted now; empty if it may be. */
    static Optional<Answer> refusal(Request request, Instant now) {
        Instant most = now.plus(Limits.NOT_BEFORE);
        for (NewStep step : request.steps()) {
            Moment notBefore = step.times().notBefore();
            if (notBefore != null && notBefore.from(now).isAfter(most)) {
                return Optional.of(new Answer.OutOfTime(
                        "notBefore",
                        "Step '" + step.key() + "': 'notBefore' must not be after " + most + ", "
                                + Limits.NOT_BEFORE.toDays() + " days from now; dispatch it later."));
            }
        }
        return Optional.empty();
    }
}
