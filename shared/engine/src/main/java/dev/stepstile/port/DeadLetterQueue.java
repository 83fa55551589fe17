package dev.stepstile.port;

import dev.stepstile.port.StepQueue.Delivery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The dead-letter queue: what could not be run, with its cause. A dead letter may be in it twice; none is missing.
 *
 * <p>It has the semantics of SQS standard, as {@link StepQueue} has: there is no order and no page, whoever reads a
 * letter hides it from others for a time, and a letter may be received twice. Every call may be made again after a
 * {@link PortException}.
 */
public interface DeadLetterQueue {
    /** The most that one receive returns. */
    int BATCH = 10;

    /**
     * Sends a dead letter; durable when the call returns. Called twice, the dead letter is in the queue twice.
     *
     * @param group as of a message in the step queue ({@link StepQueue.Outgoing}), into which it may be moved back
     */
    void moveToDeadLetters(String group, String body);

    /**
     * Up to {@code max} (at most {@value #BATCH}) letters that nobody hides. None means that no other is there: on SQS,
     * that it was waited for for a second.
     *
     * @param hidden how long others do not receive them, in whole seconds; then they come again, unless deleted
     */
    List<Delivery> receive(int max, Duration hidden);

    /** Shows received letters at once to others. A stale receipt is no error. */
    void release(List<String> receipts);

    /** Deletes what these receipts stand for. A receipt of a letter that is gone is no error. */
    void delete(List<String> receipts);

    /** How many letters there are, hidden ones included. An estimate on SQS, which lags by up to a minute. */
    long approximateCount();

    /** The bodies of up to {@code max} letters, each once, which are shown again before this returns. */
    default List<String> peek(int max) {
        Map<String, String> bodies = new LinkedHashMap<>();
        List<String> receipts = new ArrayList<>();
        boolean more = true;
        while (more && bodies.size() < max) {
            List<Delivery> batch = receive(Math.min(BATCH, max - bodies.size()), Duration.ofSeconds(30));
            int known = bodies.size();
            for (Delivery letter : batch) {
                bodies.putIfAbsent(letter.messageId(), letter.body());
                receipts.add(letter.receipt());
            }
            more = bodies.size() > known;
        }
        release(receipts);
        return List.copyOf(bodies.values());
    }
}
