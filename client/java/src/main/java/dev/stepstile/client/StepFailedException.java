package dev.stepstile.client;

/** The result of a step was asked for, and the step ended without one. It ends so again, unless it is redriven. */
public final class StepFailedException extends StepstileException {
    private final StepEnded end;

    StepFailedException(StepEnded end) {
        super(message(end));
        this.end = end;
    }

    private static String message(StepEnded end) {
        String step = "Step " + end.key() + " ended " + end.state().status() + " at attempt " + end.attempt();
        return switch (end.state()) {
            case StepState.Failed failed -> step + ": " + failed.error().message();
            case StepState.Dead dead -> step + ": " + dead.error().message();
            case StepState.Cancelled _, StepState.Succeeded _ -> step + ".";
        };
    }

    /** How it ended. */
    public StepEnded end() {
        return end;
    }
}
