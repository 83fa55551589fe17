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
 * Puts messages back into the queue. One that could not be worked on for a reason that passes comes again within
 * {@link #LONGEST}, not only when its visibility timeout ends, which is as long as the longest step.
 */
final class MessageReleaser {
    /** The longest wait of a message that comes again; the first is at most {@link #FIRST}, and each next one twice that. */
    static final Duration LONGEST = Duration.ofSeconds(60);

    static final Duration FIRST = Duration.ofSeconds(2);

    /** Between the tries to tell the queue; 3 seconds together. */
    private static final List<Duration> PAUSES =
            List.of(Duration.ofMillis(200), Duration.ofMillis(800), Duration.ofSeconds(2));

    /** How much longer a suspect waits for its turn with each receive: 1,000 receives, an alarm, are hours away. */
    static final Duration TURN = Duration.ofMillis(500);

    private static final Logger LOG = LoggerFactory.getLogger(MessageReleaser.class);

    private final StepQueue queue;
    private final EngineRuntime runtime;

    MessageReleaser(StepQueue queue, EngineRuntime runtime) {
        this.queue = queue;
        this.runtime = runtime;
    }

    Duration soon(Delivery delivery) {
        int doublings = Math.clamp(delivery.receiveCount() - 1L, 0, 10);
        return about(FIRST.toMillis() << doublings);
    }

    /** Until it is looked again whether a suspect may run: nothing has failed, and a turn may be free at any time. */
    Duration forItsTurn(Delivery delivery) {
        return about(TURN.toMillis() * delivery.receiveCount());
    }

    /** Half of the wait is random, so that what failed together does not come again together. */
    private Duration about(long millis) {
        long most = Math.min(millis, LONGEST.toMillis());
        return Duration.ofMillis(most / 2 + runtime.random().nextLong(most / 2 + 1));
    }

    /** Makes a message visible after {@code wait}; one that the queue does not take comes when its timeout ends. */
    void hide(Delivery delivery, Duration wait) {
        for (int tries = 0; ; tries++) {
            try {
                queue.changeVisibility(delivery.receipt(), wait);
                return;
            } catch (PortException e) {
                if (tries == PAUSES.size() || !slept(PAUSES.get(tries))) {
                    LOG.warn(
                            "Message {}: visibility not changed ({}); it comes when its timeout ends.",
                            delivery.messageId(),
                            e.getMessage());
                    return;
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
