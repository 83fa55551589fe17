package dev.stepstile.simulation.system;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.simulation.ports.Observer;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.usecase.StepExecution;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;

/** One of Lambda's pollers: receives a batch, has the step function execute it, deletes what may be deleted. */
public final class EventSource {
    private static final Duration POLL = Duration.ofSeconds(20);
    private static final int BATCH = 10;

    /** What Lambda hands to an invocation. */
    private static final int EVENT_BYTES = 6 * 1024 * 1024;

    private static final long ERROR_WAIT_MILLIS = 500;

    private final StepQueue queue;
    private final SimulatedFunction<StepExecution> function;
    private final Scheduler scheduler;
    private final double throttled;
    private final ToLongFunction<String> visibleAt;
    private final Observer observer;

    /**
     * @param throttled the share of batches that are received but not executed
     * @param visibleAt when the message of a receipt can be received again
     */
    public EventSource(
            StepQueue queue,
            SimulatedFunction<StepExecution> function,
            Scheduler scheduler,
            double throttled,
            ToLongFunction<String> visibleAt,
            Observer observer) {
        this.queue = queue;
        this.function = function;
        this.scheduler = scheduler;
        this.throttled = throttled;
        this.visibleAt = visibleAt;
        this.observer = observer;
    }

    /** Polls for as long as its process lives. */
    public void poll(SimulatedProcess poller) {
        while (true) {
            try {
                List<Delivery> batch = queue.receive(BATCH, POLL);
                boolean refused = throttled > 0 && poller.runtime().random().nextDouble() < throttled;
                if (refused) {
                    abandoned(batch);
                } else if (!batch.isEmpty()) {
                    execute(batch);
                }
            } catch (PortException e) {
                scheduler.pause(ERROR_WAIT_MILLIS); // it polls on
            }
        }
    }

    private void abandoned(List<Delivery> batch) {
        observer.batchAbandoned(batch.stream().map(Delivery::body).toList());
    }

    private void execute(List<Delivery> batch) {
        observer.sized(
                "a batch", batch.stream().mapToInt(each -> each.body().length()).sum(), EVENT_BYTES);
        long since = scheduler.millis();
        Optional<List<String>> stay = function.invoke((execution, deadline) -> {
            List<String> kept = execution.execute(batch, deadline);
            SimulatedProcess worker = scheduler.me("the event source").process;
            for (Delivery delivery : batch) {
                if (kept.contains(delivery.messageId())) {
                    observer.messageKept(delivery.body(), worker, since, visibleAt.applyAsLong(delivery.receipt()));
                }
            }
            return kept;
        });
        if (stay.isEmpty()) {
            abandoned(batch);
            return;
        }
        List<String> done = batch.stream()
                .filter(delivery -> !stay.get().contains(delivery.messageId()))
                .map(Delivery::receipt)
                .toList();
        if (!done.isEmpty()) {
            queue.delete(done);
        }
    }
}
