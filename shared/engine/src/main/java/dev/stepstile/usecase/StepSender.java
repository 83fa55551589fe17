package dev.stepstile.usecase;

import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.step.StepSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a message for each of these steps that the queue can delay until it may run. */
final class StepSender {
    private static final Logger LOG = LoggerFactory.getLogger(StepSender.class);
    private static final int TRIES = 3;

    private final StepQueue queue;
    private final EngineRuntime runtime;

    StepSender(StepQueue queue, EngineRuntime runtime) {
        this.queue = queue;
        this.runtime = runtime;
    }

    /** Whether the queue delays a message for long enough; a sweep sends the others once it does. */
    static boolean isSendable(StepSpec spec, Instant now) {
        Instant from = spec.settings().window().sendableFrom(StepQueue.MAX_DELAY);
        return from == null || !now.isBefore(from);
    }

    /** True if the queue took the messages of all that can be sent. A sweep sends the others again. */
    boolean send(List<StepSpec> steps) {
        Instant now = runtime.now();
        List<Outgoing> left = steps.stream()
                .filter(spec -> isSendable(spec, now))
                .map(spec -> new Outgoing(spec.tenant(), MessageCodec.step(spec), delay(spec, now)))
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

    private static Duration delay(StepSpec spec, Instant now) {
        return Duration.between(now, spec.settings().window().earliest(now));
    }
}
