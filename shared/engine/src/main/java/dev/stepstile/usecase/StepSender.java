package dev.stepstile.usecase;

import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.step.StepSpec;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a message for each of these steps. */
final class StepSender {
    private static final Logger LOG = LoggerFactory.getLogger(StepSender.class);
    private static final int TRIES = 3;

    private final StepQueue queue;

    StepSender(StepQueue queue) {
        this.queue = queue;
    }

    /** True if the queue took all messages. A sweep sends the others again. */
    boolean send(List<StepSpec> steps) {
        List<Outgoing> left = steps.stream()
                .map(spec -> new Outgoing(spec.tenant(), MessageCodec.step(spec), Duration.ZERO))
                .toList();
        for (int i = 0; i < TRIES && !left.isEmpty(); i++) {
            try {
                left = queue.send(left);
            } catch (PortException e) {
                LOG.warn("Queue: {}; {} messages may not have been sent.", e.getMessage(), left.size());
            }
        }
        if (!left.isEmpty()) {
            LOG.warn(
                    "Queue: {} of {} messages were not accepted; a sweep sends them again.", left.size(), steps.size());
        }
        return left.isEmpty();
    }
}
