package dev.stepstile.step;

/** Who is told that a dispatch has ended. */
public sealed interface NotifyTarget {

    /** An event on the event bus of the stack. */
    record Event() implements NotifyTarget {}

    /**
     * A request to a URL.
     *
     * @param url at most {@link Limits#WEBHOOK_URL_LENGTH} characters
     */
    record Webhook(String url) implements NotifyTarget {}
}
