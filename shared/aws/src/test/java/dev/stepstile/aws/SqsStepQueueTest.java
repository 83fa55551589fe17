package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.runtime.VirtualTasks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityRequest;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityResponse;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.SqsException;

/** What SQS does and an emulator does not: fails a part of a batch, and has several answers for a stale receipt. */
class SqsStepQueueTest {
    private final Fallible sqs = new Fallible();
    private final SqsStepQueue queue = new SqsStepQueue(sqs, "http://127.0.0.1/queue", new VirtualTasks());

    private static Outgoing message(String body) {
        return new Outgoing("run", body, Duration.ZERO);
    }

    private static List<Outgoing> messages(int n) {
        return IntStream.range(0, n).mapToObj(i -> message("m" + i)).toList();
    }

    private static SqsException refusal(String code, String text) {
        return (SqsException) SqsException.builder()
                .awsErrorDetails(AwsErrorDetails.builder()
                        .errorCode(code)
                        .errorMessage(text)
                        .build())
                .message(text)
                .statusCode(400)
                .build();
    }

    /** Refuses messages, batches and receipts by their content. */
    private static final class Fallible implements SqsClient {
        final Queue<List<String>> batches = new ConcurrentLinkedQueue<>();
        final List<Integer> delays = new ArrayList<>();
        final List<String> groups = new ArrayList<>();
        String refusedBody = "";
        String brokenBody = "";
        String receiptCode = "";
        String receiptText = "";

        @Override
        public SendMessageBatchResponse sendMessageBatch(SendMessageBatchRequest request) {
            List<SendMessageBatchRequestEntry> entries = request.entries();
            batches.add(entries.stream()
                    .map(SendMessageBatchRequestEntry::messageBody)
                    .toList());
            entries.forEach(entry -> delays.add(entry.delaySeconds()));
            entries.forEach(entry -> groups.add(entry.messageGroupId()));
            if (entries.stream().anyMatch(entry -> entry.messageBody().equals(brokenBody))) {
                throw SdkClientException.create("the connection broke");
            }
            return SendMessageBatchResponse.builder()
                    .failed(entries.stream()
                            .filter(entry -> entry.messageBody().equals(refusedBody))
                            .map(entry -> BatchResultErrorEntry.builder()
                                    .id(entry.id())
                                    .code("InternalError")
                                    .build())
                            .toList())
                    .build();
        }

        @Override
        public DeleteMessageBatchResponse deleteMessageBatch(DeleteMessageBatchRequest request) {
            batches.add(request.entries().stream()
                    .map(entry -> entry.receiptHandle())
                    .toList());
            return DeleteMessageBatchResponse.builder()
                    .failed(
                            receiptCode.isEmpty()
                                    ? List.of()
                                    : List.of(BatchResultErrorEntry.builder()
                                            .id("0")
                                            .code(receiptCode)
                                            .message(receiptText)
                                            .build()))
                    .build();
        }

        @Override
        public ChangeMessageVisibilityResponse changeMessageVisibility(ChangeMessageVisibilityRequest request) {
            if (!receiptCode.isEmpty()) {
                throw refusal(receiptCode, receiptText);
            }
            delays.add(request.visibilityTimeout());
            return ChangeMessageVisibilityResponse.builder().build();
        }

        @Override
        public String serviceName() {
            return SERVICE_NAME;
        }

        @Override
        public void close() {}
    }

    @Test
    void messages_go_by_ten() {
        assertThat(SqsStepQueue.batches(messages(25))).extracting(List::size).containsExactly(10, 10, 5);
        assertThat(SqsStepQueue.batches(List.of())).isEmpty();
    }

    @Test
    void no_batch_is_heavier_than_sqs_takes_and_a_message_that_is_goes_alone() {
        Outgoing half = message("x".repeat(SqsStepQueue.BATCH_BYTES / 2 - 3));
        Outgoing heavy = message("ü".repeat(SqsStepQueue.BATCH_BYTES));
        assertThat(SqsStepQueue.batches(List.of(half, half, message("a"), heavy, message("b"))))
                .containsExactly(List.of(half, half), List.of(message("a")), List.of(heavy), List.of(message("b")));
    }

    @Test
    void each_message_of_a_batch_has_its_own_group() {
        queue.send(List.of(new Outgoing("run", "a", Duration.ZERO), new Outgoing("acme", "b", Duration.ZERO)));
        assertThat(sqs.groups).containsExactly("run", "acme");
    }

    @Test
    void what_sqs_did_not_take_is_given_back_and_the_rest_is_sent() {
        sqs.refusedBody = "m13";
        assertThat(queue.send(messages(25))).containsExactly(message("m13"));
        assertThat(sqs.batches).hasSize(3);
    }

    @Test
    void a_batch_that_failed_is_given_back_whole_and_the_others_are_sent() {
        sqs.brokenBody = "m13";
        assertThat(queue.send(messages(25)))
                .containsExactlyElementsOf(messages(25).subList(10, 20));
        assertThat(sqs.batches).hasSize(3);
    }

    @Test
    void a_delay_is_rounded_up_and_no_longer_than_sqs_takes() {
        queue.send(List.of(
                new Outgoing("run", "a", Duration.ofMillis(1)),
                new Outgoing("run", "b", Duration.ofSeconds(2)),
                new Outgoing("run", "c", Duration.ofDays(1)),
                message("d")));
        assertThat(sqs.delays).containsExactly(1, 2, 900, null);
    }

    @Test
    void a_message_is_put_off_by_less_than_the_twelve_hours_that_count_from_its_receive() {
        queue.changeVisibility("receipt", Duration.ofDays(1));
        queue.changeVisibility("receipt", Duration.ofMillis(1500));
        assertThat(sqs.delays).containsExactly(11 * 3600 + 45 * 60, 2);
    }

    @ParameterizedTest
    @CsvSource({
        "ReceiptHandleIsInvalid,The input receipt handle is invalid.",
        "AWS.SimpleQueueService.MessageNotInflight,The message is not in flight.",
        "InvalidParameterValue,Value x for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
        "InvalidParameterValue,Value x for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
    })
    void a_stale_receipt_is_no_error(String code, String text) {
        sqs.receiptCode = code;
        sqs.receiptText = text;
        assertThatCode(() -> queue.changeVisibility("old", Duration.ZERO)).doesNotThrowAnyException();
        assertThatCode(() -> queue.delete(List.of("old"))).doesNotThrowAnyException();
    }

    @Test
    void any_other_refusal_of_a_receipt_is_a_port_failure() {
        sqs.receiptCode = "InternalError";
        assertThatThrownBy(() -> queue.changeVisibility("r", Duration.ZERO)).isInstanceOf(PortException.class);
        assertThatThrownBy(() -> queue.delete(List.of("r"))).isInstanceOf(PortException.class);
        sqs.receiptCode = "InvalidParameterValue";
        sqs.receiptText = "Value 50000 for parameter VisibilityTimeout is invalid.";
        assertThatThrownBy(() -> queue.changeVisibility("r", Duration.ZERO)).isInstanceOf(PortException.class);
    }

    @Test
    void receipts_are_deleted_by_ten() {
        queue.delete(IntStream.range(0, 21).mapToObj(i -> "r" + i).toList());
        assertThat(sqs.batches).extracting(List::size).containsExactly(10, 10, 1);
    }
}
