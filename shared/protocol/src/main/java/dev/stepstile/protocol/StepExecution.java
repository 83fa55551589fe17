package dev.stepstile.protocol;

import dev.stepstile.step.StepSpec;
import dev.stepstile.store.PortException;
import dev.stepstile.store.StepQueue;
import dev.stepstile.store.StepQueue.Delivery;
import dev.stepstile.store.StepStore;
import dev.stepstile.wire.StepMessages;
import dev.stepstile.wire.StepMessages.Decoded;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Executes a batch of messages: {@code decode -> claim -> work -> record}, all at once; steps that lost a worker before
 * run alone, after the others are recorded.
 */
public final class StepExecution {
    /** Before the function's own deadline, to record what is still running as timed out. */
    public static final Duration RESERVE = Duration.ofSeconds(10);

    /** A message received more often than this goes first and alone, so that its batch-mates cannot starve it. */
    private static final int ELDER = 5;

    private static final Duration NEWER_VERSION_WAIT = Duration.ofSeconds(30);
    private static final Logger LOG = LoggerFactory.getLogger(StepExecution.class);

    /** What every line that is logged for a message's step carries, whichever thread logs it. */
    private static final List<String> STEP_CONTEXT = List.of("run", "step", "attempt");

    private final Parts parts;
    private final Engine engine;
    private final KnownDispatches dispatches;

    public StepExecution(Parts parts, Engine engine) {
        this.parts = parts;
        this.dispatches = new KnownDispatches(parts.store());
        this.engine = engine;
    }

    /** What executing steps needs. */
    public record Parts(
            StepStore store,
            StepQueue queue,
            Payloads payloads,
            Recorder recorder,
            Burying burying,
            Redriving redriving,
            Handlers handlers,
            Output output,
            Timing timing,
            World world,
            Meter meter) {}

    /** Leads an attempt from its claim to its end. Powertools idempotency is one, {@link #DIRECT} is another. */
    public interface Engine {
        /** Claims without an engine of idempotency in between: what the others must be equal to. */
        Engine DIRECT = attempt -> {
            if (attempt.claim()) {
                try {
                    attempt.succeed(attempt.work());
                } catch (AttemptFailed failed) {
                    attempt.fail(failed);
                }
            }
        };

        void lead(StepAttempt attempt);
    }

    /**
     * Executes a batch.
     *
     * @param deadline the function's own: nothing is recorded after it
     * @return the messages that are to stay in the queue, by id; all others may be deleted
     */
    public List<String> execute(List<Delivery> batch, Instant deadline) throws InterruptedException {
        Instant workUntil = deadline.minus(RESERVE);
        Duration whole = Duration.between(parts.world().now(), workUntil);
        SortedMap<Integer, Verdict> verdicts = new TreeMap<>();
        List<Integer> younger = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            if (batch.size() > 1 && batch.get(i).receiveCount() > ELDER) {
                verdicts.put(i, one(batch.get(i), workUntil, whole, true));
            } else {
                younger.add(i);
            }
        }
        List<Tasks.Task<Verdict>> tasks = new ArrayList<>();
        boolean alone = batch.size() == 1;
        for (int i : younger) {
            Delivery delivery = batch.get(i);
            tasks.add(parts.world()
                    .tasks()
                    .fork("message " + delivery.messageId(), () -> one(delivery, workUntil, whole, alone)));
        }
        for (int n = 0; n < tasks.size(); n++) {
            verdicts.put(younger.get(n), tasks.get(n).join());
        }
        List<String> stay = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            Verdict verdict = verdicts.get(i);
            if (verdict instanceof Verdict.Defer) {
                verdict = one(batch.get(i), workUntil, whole, true);
            }
            if (!(verdict instanceof Verdict.Acknowledge)) {
                stay.add(batch.get(i).messageId());
            }
        }
        return stay;
    }

    private Verdict one(Delivery delivery, Instant workUntil, Duration whole, boolean alone) {
        try {
            Verdict verdict = decided(delivery, workUntil, whole, alone);
            if (verdict instanceof Verdict.Held(Duration left)) {
                verdict = held(delivery, left);
            }
            if (verdict instanceof Verdict.PutBack(Duration after) && after != null) {
                hide(delivery, after);
            }
            return verdict;
        } catch (PortException e) {
            LOG.warn(
                    "Message {}: {}; it comes again when its visibility timeout ends.",
                    delivery.messageId(),
                    e.getMessage());
            return new Verdict.PutBack(null);
        } finally {
            STEP_CONTEXT.forEach(MDC::remove);
        }
    }

    private Verdict held(Delivery delivery, Duration left) {
        if (delivery.receiveCount() > 1) {
            return new Verdict.PutBack(left);
        }
        parts.meter().add(Count.DUPLICATES_SUPPRESSED);
        return new Verdict.Acknowledge();
    }

    private Verdict decided(Delivery delivery, Instant workUntil, Duration whole, boolean alone) {
        return switch (StepMessages.decode(delivery.body())) {
            case Decoded.NotOurs(String reason) -> unrecognised(delivery, reason);
            case Decoded.NewerVersion(int version) -> {
                LOG.info("Message {} is of version {}; put back for a newer worker.", delivery.messageId(), version);
                yield new Verdict.PutBack(NEWER_VERSION_WAIT);
            }
            case Decoded.MovedBack(StepSpec spec, int attempt) ->
                parts.redriving().movedBack(spec, attempt, workUntil.plus(RESERVE))
                        ? lead(spec, workUntil, whole, alone)
                        : new Verdict.Acknowledge();
            case Decoded.Step(StepSpec spec) ->
                dispatches.has(spec)
                        ? lead(spec, workUntil, whole, alone)
                        : unrecognised(
                                delivery, "nobody dispatched it: the table has no such dispatch, or not this step");
        };
    }

    private Verdict unrecognised(Delivery delivery, String reason) {
        LOG.error(
                "Message {} is not recognised ({}); it goes to the dead-letter queue as it is.",
                delivery.messageId(),
                reason);
        parts.burying().buryUndecodable(delivery.messageId(), reason, delivery.body());
        return new Verdict.Acknowledge();
    }

    private Verdict lead(StepSpec spec, Instant workUntil, Duration whole, boolean alone) {
        MDC.put("run", spec.id().runId());
        MDC.put("step", spec.id().stepKey());
        Duration needed =
                spec.pinned().timeout().compareTo(whole) < 0 ? spec.pinned().timeout() : whole;
        if (parts.world().now().plus(needed).isAfter(workUntil.plusMillis(500))) {
            LOG.info("Step {}: not enough time is left here; put back, and no attempt is counted.", spec.id());
            return new Verdict.PutBack(Duration.ZERO);
        }
        StepAttempt attempt = new StepAttempt(parts, spec, workUntil, alone);
        engine.lead(attempt);
        return attempt.verdict();
    }

    private void hide(Delivery delivery, Duration wait) {
        try {
            parts.queue().changeVisibility(delivery.receipt(), wait);
        } catch (PortException e) {
            LOG.warn(
                    "Message {}: visibility not changed ({}); it comes when its timeout ends.",
                    delivery.messageId(),
                    e.getMessage());
        }
    }
}
