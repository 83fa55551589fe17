package dev.stepstile.step;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** When a step may run, as a caller names it; what is null is left to where it stands. */
public record Times(@Nullable Moment notBefore) {
    public static final Times NONE = new Times(null);

    /** Of a step that is dispatched then. */
    public Window from(Instant accepted) {
        return on(Window.ANY, accepted);
    }

    /** Of a step that has these, and is redriven then. */
    Window on(Window before, Instant now) {
        if (notBefore == null) {
            return before;
        }
        Instant at = notBefore.from(now);
        return new Window(at.isAfter(now) ? at : null);
    }
}
