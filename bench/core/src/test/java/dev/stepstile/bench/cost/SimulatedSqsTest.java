package dev.stepstile.bench.cost;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator.SplittableGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

class SimulatedSqsTest {
    private final SplittableGenerator randoms =
            RandomGeneratorFactory.<SplittableGenerator>of("L64X128MixRandom").create(1);
    private final Scheduler scheduler = new Scheduler(randoms.split());
    private final SimulatedProcess process = new SimulatedProcess(scheduler, "test", Duration.ZERO, randoms.split());
    private final Counts counts = new Counts();
    private final SimulatedSqs sqs = new SimulatedSqs(scheduler, () -> counts);
    private final List<String> received = new ArrayList<>();

    private void send(String body, int delaySeconds) {
        sqs.sendMessageBatch(request -> request.entries(SendMessageBatchRequestEntry.builder()
                .id("0")
                .messageBody(body)
                .delaySeconds(delaySeconds)
                .build()));
    }

    private List<Message> receive() {
        List<Message> messages = sqs.receiveMessage(
                        request -> request.maxNumberOfMessages(10).waitTimeSeconds(20))
                .messages();
        long second = Duration.between(Scheduler.START, scheduler.now()).toSeconds();
        messages.forEach(message -> received.add(message.body() + " at " + second));
        return messages;
    }

    @Test
    void a_delayed_message_is_received_when_its_delay_is_over_also_by_one_that_waits_already() {
        process.start("receiver", () -> {
            while (received.size() < 3) {
                receive();
            }
        });
        process.start("sender", () -> {
            scheduler.pause(1000);
            send("later", 7);
            send("soon", 3);
            send("now", 0);
        });
        scheduler.run(Scheduler.START.plus(Duration.ofMinutes(1)));
        assertThat(received).containsExactly("now at 1", "soon at 4", "later at 8");
    }

    @Test
    void a_message_that_is_put_off_comes_back_after_so_long() {
        process.start("receiver", () -> {
            send("again", 0);
            Message message = receive().getFirst();
            sqs.changeMessageVisibility(
                    request -> request.receiptHandle(message.receiptHandle()).visibilityTimeout(5));
            assertThat(sqs.empty()).isFalse();
            receive();
        });
        scheduler.run(Scheduler.START.plus(Duration.ofMinutes(1)));
        assertThat(received).containsExactly("again at 0", "again at 5");
    }
}
