package dev.stepstile.aws;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Delivery;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;

/** The dead-letter queue on SQS. */
public final class SqsDeadLetterQueue implements DeadLetterQueue {
    /** A receive that waits asks all of SQS's servers; one that does not may miss a letter that is there. */
    private static final Duration WAIT = Duration.ofSeconds(1);

    private final SqsClient sqs;
    private final String queueUrl;

    public SqsDeadLetterQueue(SqsClient sqs, String queueUrl) {
        this.sqs = sqs;
        this.queueUrl = queueUrl;
    }

    @Override
    public void moveToDeadLetters(String group, String body) {
        AwsCalls.call(
                "SendMessage to the dead-letter queue",
                () -> sqs.sendMessage(request ->
                        request.queueUrl(queueUrl).messageGroupId(group).messageBody(body)));
    }

    @Override
    public List<Delivery> receive(int max, Duration hidden) {
        ReceiveMessageRequest request = ReceiveMessageRequest.builder()
                .queueUrl(queueUrl)
                .maxNumberOfMessages(Math.min(max, BATCH))
                .waitTimeSeconds((int) WAIT.toSeconds())
                .visibilityTimeout((int) hidden.toSeconds())
                .messageSystemAttributeNames(
                        MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT, MessageSystemAttributeName.SENT_TIMESTAMP)
                .overrideConfiguration(AwsClients.waiting(WAIT))
                .build();
        return AwsCalls.call("ReceiveMessage from the dead-letter queue", () -> sqs.receiveMessage(request))
                .messages()
                .stream()
                .map(SqsStepQueue::delivery)
                .toList();
    }

    @Override
    public void release(List<String> receipts) {
        for (List<String> batch : batches(receipts)) {
            List<ChangeMessageVisibilityBatchRequestEntry> entries = IntStream.range(0, batch.size())
                    .mapToObj(i -> ChangeMessageVisibilityBatchRequestEntry.builder()
                            .id(Integer.toString(i))
                            .receiptHandle(batch.get(i))
                            .visibilityTimeout(0)
                            .build())
                    .toList();
            String call = "ChangeMessageVisibilityBatch of the dead-letter queue";
            refuseFailed(
                    call,
                    AwsCalls.call(
                                    call,
                                    () -> sqs.changeMessageVisibilityBatch(request ->
                                            request.queueUrl(queueUrl).entries(entries)))
                            .failed());
        }
    }

    @Override
    public void delete(List<String> receipts) {
        for (List<String> batch : batches(receipts)) {
            List<DeleteMessageBatchRequestEntry> entries = IntStream.range(0, batch.size())
                    .mapToObj(i -> DeleteMessageBatchRequestEntry.builder()
                            .id(Integer.toString(i))
                            .receiptHandle(batch.get(i))
                            .build())
                    .toList();
            String call = "DeleteMessageBatch from the dead-letter queue";
            refuseFailed(
                    call,
                    AwsCalls.call(
                                    call,
                                    () -> sqs.deleteMessageBatch(request ->
                                            request.queueUrl(queueUrl).entries(entries)))
                            .failed());
        }
    }

    @Override
    public long approximateCount() {
        Map<QueueAttributeName, String> attributes = AwsCalls.call(
                        "GetQueueAttributes of the dead-letter queue",
                        () -> sqs.getQueueAttributes(request -> request.queueUrl(queueUrl)
                                .attributeNames(
                                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
                                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE)))
                .attributes();
        return attributes.values().stream().mapToLong(Long::parseLong).sum();
    }

    private static List<List<String>> batches(List<String> receipts) {
        return IntStream.range(0, (receipts.size() + BATCH - 1) / BATCH)
                .mapToObj(i -> receipts.subList(i * BATCH, Math.min(receipts.size(), (i + 1) * BATCH)))
                .toList();
    }

    private static void refuseFailed(String call, List<BatchResultErrorEntry> failed) {
        for (BatchResultErrorEntry entry : failed) {
            if (!SqsStepQueue.isStale(entry.code(), String.valueOf(entry.message()))) {
                throw new PortException(call + ": " + entry.code());
            }
        }
    }
}
