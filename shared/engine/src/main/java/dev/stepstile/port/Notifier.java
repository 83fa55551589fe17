package dev.stepstile.port;

import dev.stepstile.step.NotifyTarget;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Tells others that a dispatch has ended. */
public interface Notifier {
    /** Knows no target. */
    Notifier NONE = new Notifier() {
        @Override
        public String refusal(NotifyTarget target) {
            return "this stack is not configured to notify anyone";
        }

        @Override
        public Outcome send(NotifyTarget target, Notice notice) {
            return new Outcome.Failed(refusal(target));
        }
    };

    /**
     * What is told.
     *
     * @param id the same in each try; another for each closing. Letters, digits and underscores
     * @param closedAt when the dispatch was closed
     * @param data a JSON object, see {@code docs/protocol.md}
     */
    record Notice(String id, Instant closedAt, String data) {}

    /**
     * Why this stack never tells that target, as the end of a sentence for whoever dispatches; null if it may. From the
     * configuration and the target alone: it calls nobody, and does not resolve the name of a host.
     */
    @Nullable
    String refusal(NotifyTarget target);

    /**
     * Sends once, and waits for the answer for some seconds at most. Called twice, the target may be told twice, with the
     * same id.
     *
     * @throws PortException if it is not known whether the target was told
     */
    Outcome send(NotifyTarget target, Notice notice);

    /** What came of sending. */
    sealed interface Outcome {
        /** The target has accepted it. */
        record Delivered() implements Outcome {}

        /**
         * It was not delivered; a later try may be.
         *
         * @param why for an operator; never a secret, and nothing that the target answered but its status
         */
        record Failed(String why) implements Outcome {}

        /** The target says that it wants no more. */
        record Gone(String why) implements Outcome {}
    }
}
