package dev.stepstile.client;

import java.net.URI;

/**
 * Who is told that a dispatch has ended: once its last step has, and again after a redrive. At least once each time; each
 * notification has an id by which a second one is recognised.
 */
public sealed interface NotifyTarget {

    /** An event on the stack's event bus, on AWS. */
    record Event() implements NotifyTarget {}

    /**
     * A signed POST to a URL.
     *
     * @param url of HTTPS, at most 500 characters, of a host that the stack allows; it is stored with the dispatch, so it
     *     should hold no secret
     */
    record Webhook(URI url) implements NotifyTarget {
        /** @throws IllegalArgumentException if it is too long, or no URL of HTTP */
        public Webhook {
            Checked.webhook(url);
        }
    }
}
