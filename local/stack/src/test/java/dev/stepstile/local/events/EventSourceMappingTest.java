package dev.stepstile.local.events;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Outgoing;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stays in the queue and what does not, over the embedded one with a visibility timeout of a second. */
class EventSourceMappingTest {
    @TempDir
    Path folder;

    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();
    private final AtomicInteger environments = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();
    private final CountDownLatch toldToStop = new CountDownLatch(1);
    private EmbeddedPorts embedded;
    private StepQueue queue;
    private EventSourceMapping mapping;

    @BeforeEach
    void open() {
        embedded = EmbeddedPorts.open(folder.resolve("state"), Duration.ofSeconds(1), InstantSource.system());
        queue = embedded.ports().queue();
        mapping = new EventSourceMapping(queue, Obedient::new);
    }

    @AfterEach
    void close() {
        mapping.close();
        embedded.close();
    }

    /** Does what the body of a message says, the first time that it is received. */
    private final class Obedient implements Worker {
        private final int number = environments.incrementAndGet();

        @Override
        public SQSBatchResponse invoke(SQSEvent event) throws WorkerLost {
            List<BatchItemFailure> stay = new ArrayList<>();
            String told = "";
            for (SQSEvent.SQSMessage message : event.getRecords()) {
                String count = String.valueOf(message.getAttributes().get("ApproximateReceiveCount"));
                received.add(message.getBody() + " " + count + " in " + number);
                if (count.equals("1")) {
                    told = message.getBody();
                    if (told.equals("stay")) {
                        stay.add(new BatchItemFailure(message.getMessageId()));
                    }
                }
            }
            return switch (told) {
                case "work" -> {
                    try {
                        toldToStop.await();
                    } catch (InterruptedException e) {
                        throw new WorkerLost("interrupted");
                    }
                    yield new SQSBatchResponse(stay);
                }
                case "die" -> throw new WorkerLost("as told");
                case "throw" -> throw new IllegalStateException("as told");
                case "error" -> throw new OutOfMemoryError("as told");
                default -> new SQSBatchResponse(stay);
            };
        }

        @Override
        public void stop() {
            toldToStop.countDown();
        }

        @Override
        public void close() {
            closed.incrementAndGet();
        }
    }

    private void send(String... bodies) {
        List<Outgoing> messages = new ArrayList<>();
        for (String body : bodies) {
            messages.add(new Outgoing("run", body, Duration.ZERO));
        }
        assertThat(queue.send(messages)).isEmpty();
    }

    private List<String> received(int count) throws InterruptedException {
        List<String> taken = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String next = received.poll(20, TimeUnit.SECONDS);
            assertThat(next).as("message %s, after %s", i + 1, taken).isNotNull();
            taken.add(next);
        }
        return taken;
    }

    @Test
    void deletes_what_the_answer_does_not_name_and_leaves_the_rest() throws InterruptedException {
        send("go", "stay", "go");
        mapping.start(1);

        assertThat(received(4)).containsExactlyInAnyOrder("go 1 in 1", "stay 1 in 1", "go 1 in 1", "stay 2 in 1");
        mapping.close();
        assertThat(received).isEmpty();
        assertThat(queue.receive(10, Duration.ofMillis(1_500))).isEmpty();
    }

    @Test
    void gives_the_batch_of_a_lost_worker_to_a_fresh_one() throws InterruptedException {
        send("go", "die");
        mapping.start(1);

        assertThat(received(4)).containsExactlyInAnyOrder("go 1 in 1", "die 1 in 1", "go 2 in 2", "die 2 in 2");
        assertThat(environments).hasValue(2);
        assertThat(closed).hasValue(1);
    }

    @Test
    void gives_a_batch_whose_function_threw_to_the_same_worker_again() throws InterruptedException {
        send("throw");
        mapping.start(1);

        assertThat(received(2)).containsExactly("throw 1 in 1", "throw 2 in 1");
        assertThat(environments).hasValue(1);
    }

    /** One poller: if it were gone, nothing would be received any more. */
    @Test
    void replaces_a_worker_that_an_Error_ended_and_gives_its_batch_to_the_next() throws InterruptedException {
        send("error");
        mapping.start(1);

        assertThat(received(2)).containsExactly("error 1 in 1", "error 2 in 2");
        assertThat(closed).hasValue(1);
    }

    @Test
    void starts_again_after_an_environment_could_not_be_started() throws InterruptedException {
        AtomicInteger tries = new AtomicInteger();
        mapping = new EventSourceMapping(queue, () -> {
            if (tries.incrementAndGet() < 3) {
                throw new NoClassDefFoundError("as told");
            }
            return new Obedient();
        });
        send("go");
        mapping.start(1);

        assertThat(received(1)).containsExactly("go 1 in 1");
        assertThat(tries).hasValue(3);
    }

    @Test
    void has_what_still_runs_given_back_when_it_is_closed() throws InterruptedException {
        send("work");
        mapping.start(1);
        received(1);
        assertThat(mapping.drained(Duration.ofMillis(100))).isFalse();
        assertThat(toldToStop.getCount()).as("not before it is closed").isEqualTo(1);
        mapping.close();

        assertThat(toldToStop.getCount()).isZero();
        assertThat(closed).hasValue(1);
        assertThat(environments).hasValue(1);
    }

    @Test
    void closes_its_environments_and_receives_no_more() throws InterruptedException {
        mapping.start(2);
        send("go");
        received(1);
        mapping.close();
        send("go");

        assertThat(closed).hasValue(2);
        assertThat(queue.anyVisible()).isTrue();
    }
}
