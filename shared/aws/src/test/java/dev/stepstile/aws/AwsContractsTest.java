package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.contracts.DeadLetterQueueContract;
import dev.stepstile.contracts.PauseStoreContract;
import dev.stepstile.contracts.PayloadStoreContract;
import dev.stepstile.contracts.StepQueueContract;
import dev.stepstile.contracts.StepStoreContract;
import dev.stepstile.contracts.WorkerStoreContract;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PauseStore;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.StepRecord;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/** The AWS ports keep to the ports' contracts, over the SDK, against emulators. */
@Tag("integration")
class AwsContractsTest {
    private static final int RETENTION_DAYS = 30;

    private Ports ports;
    private ResourceNames names;

    @BeforeEach
    void open() {
        names = Emulated.resources(StepQueueContract.VISIBILITY);
        ports = AwsPorts.of(
                Emulated.DYNAMO_DB_CLIENT, Emulated.SQS_CLIENT, () -> Emulated.S3_CLIENT, names, RETENTION_DAYS);
    }

    /** Time goes by at its own pace in a process of its own. */
    private static void pass(Duration duration) {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Nested
    class Step_store extends StepStoreContract {
        @Override
        protected StepStore store() {
            return ports.store();
        }

        @Override
        protected void damage(StepRecord record) {
            Damage.record(Emulated.DYNAMO_DB_CLIENT, names.table(), record);
        }
    }

    @Nested
    class Pauses extends PauseStoreContract {
        @Override
        protected PauseStore pauses() {
            return ports.pauses();
        }
    }

    @Nested
    class Workers extends WorkerStoreContract {
        @Override
        protected WorkerStore workers() {
            return ports.workers();
        }
    }

    @Nested
    @Execution(ExecutionMode.CONCURRENT)
    class Queue extends StepQueueContract {
        @Override
        protected StepQueue queue() {
            return ports.queue();
        }

        @Override
        protected void after(Duration duration) {
            pass(duration);
        }

        @Test
        void a_message_has_the_group_that_it_was_sent_with() {
            queue().send(List.of(new Outgoing("acme", "a", Duration.ZERO)));
            assertThat(groups(names.queueUrl())).containsExactly("acme");
        }
    }

    /** The groups of the messages in a queue, as SQS tells them. */
    private static List<String> groups(String queueUrl) {
        return Emulated.SQS_CLIENT
                .receiveMessage(request -> request.queueUrl(queueUrl)
                        .maxNumberOfMessages(10)
                        .messageSystemAttributeNames(MessageSystemAttributeName.MESSAGE_GROUP_ID))
                .messages()
                .stream()
                .map(message -> message.attributes().getOrDefault(MessageSystemAttributeName.MESSAGE_GROUP_ID, "none"))
                .toList();
    }

    @Nested
    @Execution(ExecutionMode.CONCURRENT)
    class Dead_letters extends DeadLetterQueueContract {
        @Override
        protected DeadLetterQueue deadLetters() {
            return ports.deadLetters();
        }

        @Override
        protected void after(Duration duration) {
            pass(duration);
        }

        @Test
        void a_dead_letter_has_the_group_of_its_step_for_when_it_is_moved_back() {
            deadLetters().moveToDeadLetters("acme", "a");
            assertThat(groups(names.deadLetterUrl())).containsExactly("acme");
        }
    }

    @Nested
    class Items extends PayloadStoreContract {
        @Override
        protected PayloadStore payloads() {
            return ports.items();
        }

        @Override
        protected int largest() {
            return 16 * 1024;
        }
    }

    @Nested
    class Objects extends PayloadStoreContract {
        @Override
        protected PayloadStore payloads() {
            return ports.objects();
        }
    }
}
