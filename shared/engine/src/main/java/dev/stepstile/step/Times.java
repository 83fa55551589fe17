package dev.stepstile.step;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** When a step may run, as a caller names it; what is null is left to where it stands. */
public record Times(@Nullable Moment notBefore, @Nullable Moment deadline) {
    public static final Times NONE = new Times(null, null);

    /** Of a step that is dispatched then. */
    public Window from(Instant accepted) {
        return on(Window.ANY, accepted);
    }

    /** Of a step that has these, and is redriven then: a deadline that is over is its deadline no more. */
    Window on(Window before, Instant now) {
        Instant from = notBefore == null ? before.notBefore() : notBefore.from(now);
        Instant kept = before.isOver(now) ? null : before.deadline();
        return new Window(
                from != null && from.isAfter(now) ? from : null, deadline == null ? kept : deadline.from(now));
    }
}
