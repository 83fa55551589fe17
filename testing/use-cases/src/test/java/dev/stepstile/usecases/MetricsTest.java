package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is counted, for the metrics that an operator's alarms watch. */
class MetricsTest {
    @TempDir
    Path folder;

    private Stack stack;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
        stack.work.on("failed", (input, context) -> {
            throw new TerminalFailure("pointless");
        });
        stack.work.on("dead", (input, context) -> {
            throw new IllegalStateException("broken");
        });
        stack.work.on("retried", (input, context) -> {
            throw new IllegalStateException("the first time");
        });
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private Map<Metric, Long> counts() {
        Map<Metric, Long> counts = new EnumMap<>(Metric.class);
        for (Metric count : Metric.values()) {
            if (stack.count(count) > 0) {
                counts.put(count, stack.count(count));
            }
        }
        return counts;
    }

    @Test
    void tells_what_became_of_steps_and_messages_each_once() throws InterruptedException {
        stack.dispatch("d1", Stack.step("good"), Stack.step("failed"), Stack.once("dead"), Stack.step("retried"));
        List<Delivery> batch = stack.receive(10);
        stack.deliver(batch);
        assertThat(counts())
                .isEqualTo(Map.of(
                        Metric.STEPS_DISPATCHED, 4L,
                        Metric.STEPS_CLAIMED, 4L,
                        Metric.STEPS_SUCCEEDED, 1L,
                        Metric.STEPS_FAILED, 1L,
                        Metric.STEPS_DEAD, 1L,
                        Metric.DEAD_LETTERS_SENT, 1L,
                        Metric.ATTEMPTS_RETRIED, 1L));
        stack.execute(batch);
        assertThat(stack.count(Metric.DUPLICATES_SUPPRESSED))
                .as("three have ended, one is not due")
                .isEqualTo(3);
        stack.dispatch("d2", Stack.step("retried"));
        stack.deliver();
        assertThat(stack.count(Metric.DUPLICATES_SUPPRESSED))
                .as("another dispatch drives it")
                .isEqualTo(4);
        stack.ports.queue().send(List.of(new Outgoing("g", "not ours", Duration.ZERO)));
        stack.deliver();
        assertThat(stack.count(Metric.MESSAGES_UNRECOGNISED)).isEqualTo(1);
        assertThat(stack.count(Metric.DEAD_LETTERS_SENT)).isEqualTo(2);
        stack.dispatch("d3", Stack.step("waits"));
        stack.stepstile.canceller().cancel(Stack.RUN, stack.time.instant().plusSeconds(20));
        assertThat(stack.count(Metric.STEPS_CANCELLED)).as("retried and waits").isEqualTo(2);
        stack.sweepAfter(Duration.ofMinutes(1));
        assertThat(stack.count(Metric.DISPATCHES_SWEPT)).isEqualTo(3);
    }

    @Test
    void tells_of_a_step_that_dies_when_it_does_and_of_its_letter_when_that_is_sent() throws InterruptedException {
        stack.dispatch("d1", Stack.once("dead"));
        stack.faults.fail("deadLetters.moveToDeadLetters");
        stack.faults.fail("deadLetters.moveToDeadLetters"); // at its worker's end
        stack.deliver();
        assertThat(stack.count(Metric.STEPS_DEAD)).isEqualTo(1);
        assertThat(stack.count(Metric.DEAD_LETTERS_SENT)).isZero();
        stack.sweepAfter(Duration.ofMinutes(1));
        assertThat(stack.count(Metric.STEPS_DEAD)).isEqualTo(1);
        assertThat(stack.count(Metric.DEAD_LETTERS_SENT)).isEqualTo(1);
    }

    @Test
    void tells_what_a_sweep_sends_again_and_takes_from_lost_workers() throws InterruptedException {
        stack.handOver("lost");
        stack.ports
                .queue()
                .delete(stack.receive(10).stream().map(Delivery::receipt).toList());
        stack.sweepAfter(Duration.ofMinutes(3));
        assertThat(stack.count(Metric.STEPS_RESENT)).isEqualTo(1);
        stack.crashAfterClaim();
        stack.sweepAfter(Duration.ofMinutes(3));
        assertThat(stack.count(Metric.STEPS_RECLAIMED)).isEqualTo(1);
        assertThat(stack.count(Metric.WORKERS_LOST)).isEqualTo(1);
    }

    @Test
    void tells_of_a_worker_that_is_found_lost_by_a_neighbour() throws InterruptedException {
        stack.work.on("a", (input, context) -> StepResult.none());
        stack.handOver("a");
        List<Delivery> batch = stack.receive(10);
        stack.faults.crashAfter("store.write", 0);
        stack.crash(batch);
        Work.Gate gate = stack.work.gate("b");
        stack.dispatch("d2", Stack.step("b"));
        Tasks.Task<List<String>> neighbour = stack.start();
        gate.awaitEntered();
        stack.time.advance(Duration.ofSeconds(90));
        gate.open();
        neighbour.join();
        assertThat(stack.count(Metric.WORKERS_LOST)).isEqualTo(1);
        assertThat(stack.count(Metric.STEPS_RECLAIMED)).isEqualTo(1);
    }
}
