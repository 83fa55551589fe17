package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.step.StepState.Name;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A message that could not be worked on because a port did not answer comes again within a minute. */
class PortTroubleTest {
    /** The bound: however often the message was received, and whatever the call was. */
    private static final Duration MOST = Duration.ofSeconds(60);

    /** For as long as the queue is told again that did not hear. */
    private static final Duration TOLD = Duration.ofSeconds(3);

    @TempDir
    Path folder;

    private Stack stack;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private List<Delivery> after(Duration wait) {
        stack.time.advance(wait);
        return stack.receive(10);
    }

    @Test
    void at_its_claim() throws InterruptedException {
        stack.handOver("a");
        stack.faults.fail("store.write");
        assertThat(stack.deliver()).hasSize(1);
        assertThat(after(Duration.ofMillis(999))).as("not at once").isEmpty();
        stack.deliver(after(Duration.ofMillis(1_001)));
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record("a").attempt()).isEqualTo(1);
    }

    @Test
    void again_and_again_after_waits_that_double_up_to_a_minute() throws InterruptedException {
        stack.handOver("a");
        List<Delivery> batch = stack.receive(10);
        for (long most : new long[] {2, 4, 8, 16, 32, 60, 60, 60}) {
            stack.faults.fail("store.write");
            assertThat(stack.deliver(batch)).hasSize(1);
            assertThat(after(Duration.ofMillis(most * 500 - 1)))
                    .as("half of %s s", most)
                    .isEmpty();
            batch = after(Duration.ofMillis(most * 500 + 1));
            assertThat(batch).as("%s s", most).hasSize(1);
        }
        stack.deliver(batch);
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void all_of_a_batch_not_all_at_the_same_time() throws InterruptedException {
        stack.handOver("a", "b", "c", "d", "e", "f", "g", "h", "i", "j");
        stack.faults.fail("store.write");
        for (int i = 0; i < 20; i++) {
            stack.faults.fail("store.write");
        }
        assertThat(stack.deliver()).hasSize(10);
        stack.faults.restart();
        stack.time.advance(Duration.ofMillis(1_500));
        int early = stack.receive(10).size();
        assertThat(early).isBetween(1, 9);
        assertThat(after(Duration.ofMillis(500))).hasSize(10 - early);
    }

    @Test
    void at_the_record_of_its_outcome() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            if (context.attempt() == 1) {
                for (int i = 0; i < 100; i++) {
                    stack.faults.fail("store.write");
                }
            }
            return StepResult.of(context.attempt());
        });
        stack.handOver("a");
        assertThat(stack.deliver()).hasSize(1);
        stack.faults.restart();
        assertThat(stack.state("a")).isEqualTo(Name.RUNNING);
        stack.deliver(after(MOST)); // held as long as its worker is not revoked
        stack.expireLease();
        stack.sweep();
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void at_its_burial() throws InterruptedException {
        stack.ports.queue().send(List.of(new Outgoing("g", "not ours", Duration.ZERO)));
        stack.faults.fail("deadLetters.moveToDeadLetters");
        assertThat(stack.deliver()).hasSize(1);
        assertThat(stack.deliver(after(MOST))).isEmpty();
        assertThat(stack.ports.deadLetters().peek(10)).hasSize(1);
    }

    @Test
    void as_a_letter_that_was_moved_back() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            if (context.attempt() == 1) {
                throw new IllegalStateException("no");
            }
            return StepResult.none();
        });
        stack.dispatch("d1", Stack.once("a"));
        stack.deliver();
        stack.ports
                .queue()
                .send(List.of(
                        new Outgoing("g", stack.ports.deadLetters().peek(1).getFirst(), Duration.ZERO)));
        for (String call : List.of("store.record", "store.dispatch", "store.replace", "store.write")) {
            stack.faults.fail(call);
            assertThat(stack.deliver(after(MOST))).as(call).hasSize(1);
        }
        stack.deliver(after(MOST));
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void although_the_queue_does_not_hear_at_first() throws InterruptedException {
        stack.handOver("a");
        stack.faults.fail("store.write");
        for (int i = 0; i < 3; i++) {
            stack.faults.fail("queue.changeVisibility");
        }
        assertThat(stack.deliver()).hasSize(1);
        assertThat(stack.time.instant()).isEqualTo(Stack.START.plus(TOLD));
        stack.deliver(after(Duration.ofSeconds(2)));
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void or_is_sent_again_once_its_worker_is_silent_if_the_queue_does_not_hear_until_the_worker_ends()
            throws InterruptedException {
        stack.handOver("a");
        stack.faults.fail("store.write");
        for (int i = 0; i < 5; i++) {
            stack.faults.fail("queue.changeVisibility");
        }
        assertThat(stack.deliver()).hasSize(1);
        assertThat(after(MOST.plus(TOLD))).isEmpty();
        assertThat(stack.workers()).as("its item stays").hasSize(1);
        stack.sweepAfter(stack.timing.lease().plus(stack.timing.margin()));
        stack.deliver();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }
}
