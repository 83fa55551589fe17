package dev.stepstile.port;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The queue, with the semantics of SQS standard: at least once, in no order, invisible while in flight. Every call may
 * be made again after a {@link PortException}.
 */
public interface StepQueue {

    /** The longest delay of a new message. */
    Duration MAX_DELAY = Duration.ofMinutes(15);

    /** The longest visibility timeout. */
    Duration MAX_VISIBILITY = Duration.ofHours(12);

    /** Sends all; what was not accepted is returned, to be sent again. Sent twice is delivered twice. */
    List<Outgoing> send(List<Outgoing> messages);

    /** Up to {@code max} (at most 10) visible messages, waiting up to {@code wait} for the first. */
    List<Delivery> receive(int max, Duration wait);

    /** Deletes what these receipts stand for. A stale receipt deletes nothing, and is no error. */
    void delete(List<String> receipts);

    /** Makes a message in flight visible after {@code delay} from now; a stale receipt is no error. */
    void changeVisibility(String receipt, Duration delay);

    /** Whether a message is waiting visibly. An estimate on SQS. */
    boolean anyVisible();

    /**
     * A message to be sent.
     *
     * @param group whose messages these are: a fair queue keeps one group's backlog from delaying the others. A step's
     *     tenant, 1 to 128 characters that SQS takes
     * @param delay before it can be received, at most {@link #MAX_DELAY}
     */
    record Outgoing(String group, String body, Duration delay) {}

    /**
     * One receive of a message.
     *
     * @param receiveCount how often it was received; never taken for an attempt
     */
    record Delivery(String messageId, String receipt, String body, int receiveCount, Instant sentAt) {}
}
