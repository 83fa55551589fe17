package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Delivery;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts messages back into the queue. A message that failed for a passing reason is received again within
 * {@link #LONGEST}, not only when its visibility timeout expires, which is as long as the longest step.
 */
final class MessageReleaser {
    /** The longest retry delay of a message; the first is at most {@link #FIRST}, and each following one twice that. */
    static final Duration LONGEST = Duration.ofSeconds(60);

    static final Duration FIRST = Duration.ofSeconds(2);

    /** Pauses between calls to a queue that fails; 3 seconds together. */
    private static final List<Duration> PAUSES =
            List.of(Duration.ofMillis(200), Duration.ofMillis(800), Duration.ofSeconds(2));

    /** How much longer a suspect waits for its turn with each receive: 1,000 receives, which raise an alarm, take hours. */
    static final Duration TURN = Duration.ofMillis(500);

    private static final Logger LOG = LoggerFactory.getLogger(MessageReleaser.class);

    private final StepQueue queue;
    private final EngineRuntime runtime;

    MessageReleaser(StepQueue queue, EngineRuntime runtime) {
        this.queue = queue;
        this.runtime = runtime;
    }

    Duration retryDelay(Delivery delivery) {
        int doublings = Math.clamp(delivery.receiveCount() - 1L, 0, 10);
        return jittered(FIRST.toMillis() << doublings);
    }

    /** Until a suspect is tried again: nothing has failed, and a turn may become free at any time. */
    Duration turnDelay(Delivery delivery) {
        return jittered(TURN.toMillis() * delivery.receiveCount());
    }

    /** Half of the delay is random, so that messages that failed together are not received together again. */
    private Duration jittered(long millis) {
        long most = Math.min(millis, LONGEST.toMillis());
        return Duration.ofMillis(most / 2 + runtime.random().nextLong(most / 2 + 1));
    }

    /**
     * Makes a message visible after {@code wait}.
     *
     * @return false if the queue failed: the message is visible when its visibility timeout expires
     */
    boolean changeVisibility(Delivery delivery, Duration wait) {
        for (int tries = 0; ; tries++) {
            try {
                queue.changeVisibility(delivery.receipt(), wait);
                return true;
            } catch (PortException e) {
                if (tries == PAUSES.size() || !slept(PAUSES.get(tries))) {
                    LOG.warn(
                            "Message {}: visibility not changed ({}); it is received again when its visibility timeout expires.",
                            delivery.messageId(),
                            e.getMessage());
                    return false;
                }
            }
        }
    }

    private boolean slept(Duration pause) {
        Instant until = runtime.now().plus(pause);
        try {
            runtime.tasks().sleepUntil(until);
            return true;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
