package dev.stepstile.aws;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue;
import dev.stepstile.usecase.ParallelCalls;
import dev.stepstile.usecase.Tasks;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageNotInflightException;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiptHandleIsInvalidException;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.SqsException;

/** A standard queue of SQS, whose message group makes it a fair one. SQS counts in whole seconds: delays round up. */
public final class SqsStepQueue implements StepQueue {
    private static final Logger LOG = LoggerFactory.getLogger(SqsStepQueue.class);

    /** SQS's limit for one batch call. */
    static final int BATCH = 10;

    /**
     * What one batch may weigh. SQS took 256 KB for years and takes 1 MB since August 2025; messages are far smaller,
     * so that nothing is gained by asking for more. A single message that is larger goes alone.
     */
    static final int BATCH_BYTES = 256 * 1024;

    /** Batches sent at once: a dispatch of 10,000 steps is 1,000 of them. */
    static final int SENDERS = 16;

    /** The longest that SQS lets a receive wait. */
    static final Duration MAX_WAIT = Duration.ofSeconds(20);

    /**
     * SQS counts its 12 hours from the receive, not from the change, and refuses what goes beyond. A quarter of an hour
     * is as long as a function can have held the message; a message that is visible too early is put off again.
     */
    static final Duration LONGEST_CHANGE = MAX_VISIBILITY.minus(Duration.ofMinutes(15));

    private final SqsClient sqs;
    private final String queueUrl;
    private final Tasks tasks;

    public SqsStepQueue(SqsClient sqs, String queueUrl, Tasks tasks) {
        this.sqs = sqs;
        this.queueUrl = queueUrl;
        this.tasks = tasks;
    }

    /** Never throws for a batch that failed: its messages are returned, as the outcome of the others is known. */
    @Override
    public List<Outgoing> send(List<Outgoing> messages) {
        try {
            return ParallelCalls.map(tasks, SENDERS, "send", batches(messages), this::sendBatch).stream()
                    .flatMap(List::stream)
                    .toList();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PortException("interrupted while messages were being sent", e);
        }
    }

    /** A call that SQS refuses, as it has no message. */
    static void touch(SqsClient sqs, String queueUrl) {
        try {
            sqs.sendMessageBatch(request -> request.queueUrl(queueUrl).entries(List.of()));
        } catch (SqsException refused) {
            LOG.debug("An empty batch was refused, as it was to be.");
        }
    }

    private List<Outgoing> sendBatch(List<Outgoing> batch) {
        List<SendMessageBatchRequestEntry> entries = IntStream.range(0, batch.size())
                .mapToObj(i -> entry(i, batch.get(i)))
                .toList();
        SendMessageBatchResponse response;
        try {
            response = AwsCalls.call(
                    "SendMessageBatch",
                    () -> sqs.sendMessageBatch(
                            request -> request.queueUrl(queueUrl).entries(entries)));
        } catch (PortException e) {
            LOG.warn(
                    "Group {}: {}; {} messages count as not sent and are sent again.",
                    batch.getFirst().group(),
                    e.getMessage(),
                    batch.size());
            return batch;
        }
        for (BatchResultErrorEntry failed : response.failed()) {
            LOG.warn(
                    "Group {}: SendMessageBatch: SQS refused a message ({}); it counts as not sent and is sent again.",
                    batch.get(Integer.parseInt(failed.id())).group(),
                    failed.code());
        }
        return response.failed().stream()
                .map(failed -> batch.get(Integer.parseInt(failed.id())))
                .toList();
    }

    private static SendMessageBatchRequestEntry entry(int id, Outgoing message) {
        SendMessageBatchRequestEntry.Builder entry = SendMessageBatchRequestEntry.builder()
                .id(Integer.toString(id))
                .messageGroupId(message.group())
                .messageBody(message.body());
        return message.delay().isPositive()
                ? entry.delaySeconds(seconds(message.delay(), MAX_DELAY)).build()
                : entry.build();
    }

    /** By ten, and no batch heavier than it may be. */
    static List<List<Outgoing>> batches(List<Outgoing> messages) {
        List<List<Outgoing>> batches = new ArrayList<>();
        List<Outgoing> batch = new ArrayList<>();
        int weight = 0;
        for (Outgoing message : messages) {
            int bytes = message.body().getBytes(StandardCharsets.UTF_8).length
                    + message.group().length();
            if (!batch.isEmpty() && (batch.size() == BATCH || weight + bytes > BATCH_BYTES)) {
                batches.add(List.copyOf(batch));
                batch.clear();
                weight = 0;
            }
            batch.add(message);
            weight += bytes;
        }
        if (!batch.isEmpty()) {
            batches.add(List.copyOf(batch));
        }
        return batches;
    }

    @Override
    public List<Delivery> receive(int max, Duration wait) {
        Duration longest = Collections.min(List.of(wait, MAX_WAIT));
        ReceiveMessageRequest request = ReceiveMessageRequest.builder()
                .queueUrl(queueUrl)
                .maxNumberOfMessages(Math.min(max, BATCH))
                .waitTimeSeconds(seconds(longest, MAX_WAIT))
                .messageSystemAttributeNames(
                        MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT, MessageSystemAttributeName.SENT_TIMESTAMP)
                .overrideConfiguration(AwsClients.waiting(longest))
                .build();
        return AwsCalls.call("ReceiveMessage", () -> sqs.receiveMessage(request)).messages().stream()
                .map(SqsStepQueue::delivery)
                .toList();
    }

    /** A message that was received with these two attributes. */
    static Delivery delivery(Message message) {
        Map<MessageSystemAttributeName, String> attributes = message.attributes();
        String count = attributes.get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT);
        String sentAt = attributes.get(MessageSystemAttributeName.SENT_TIMESTAMP);
        if (count == null || sentAt == null) {
            throw new PortException("SQS omitted requested attributes");
        }
        return new Delivery(
                message.messageId(),
                message.receiptHandle(),
                message.body(),
                Integer.parseInt(count),
                Instant.ofEpochMilli(Long.parseLong(sentAt)));
    }

    @Override
    public void delete(List<String> receipts) {
        for (int from = 0; from < receipts.size(); from += BATCH) {
            List<String> batch = receipts.subList(from, Math.min(receipts.size(), from + BATCH));
            List<DeleteMessageBatchRequestEntry> entries = IntStream.range(0, batch.size())
                    .mapToObj(i -> DeleteMessageBatchRequestEntry.builder()
                            .id(Integer.toString(i))
                            .receiptHandle(batch.get(i))
                            .build())
                    .toList();
            DeleteMessageBatchResponse response = AwsCalls.call(
                    "DeleteMessageBatch",
                    () -> sqs.deleteMessageBatch(
                            request -> request.queueUrl(queueUrl).entries(entries)));
            for (BatchResultErrorEntry failed : response.failed()) {
                if (!isStale(failed.code(), failed.message())) {
                    throw new PortException("DeleteMessageBatch: " + failed.code());
                }
            }
        }
    }

    @Override
    public void changeVisibility(String receipt, Duration delay) {
        AwsCalls.call("ChangeMessageVisibility", () -> {
            try {
                return sqs.changeMessageVisibility(request -> request.queueUrl(queueUrl)
                        .receiptHandle(receipt)
                        .visibilityTimeout(seconds(delay, LONGEST_CHANGE)));
            } catch (MessageNotInflightException | ReceiptHandleIsInvalidException stale) {
                return false;
            } catch (SqsException e) {
                if (isStale(AwsCalls.code(e), String.valueOf(e.getMessage()))) {
                    return false;
                }
                throw e;
            }
        });
    }

    /** SQS has several answers for a receipt whose message is deleted, or visible again, or was received again. */
    static boolean isStale(String code, String message) {
        return code.contains("ReceiptHandleIsInvalid")
                || code.contains("MessageNotInflight")
                || (code.contains("InvalidParameterValue")
                        && (message.contains("does not exist") || message.contains("expired")));
    }

    @Override
    public boolean anyVisible() {
        String visible = AwsCalls.call(
                        "GetQueueAttributes",
                        () -> sqs.getQueueAttributes(request -> request.queueUrl(queueUrl)
                                .attributeNames(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES)))
                .attributes()
                .get(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES);
        return visible != null && Long.parseLong(visible) > 0;
    }

    /** Whole seconds, rounded up, as nothing may come too early; at most {@code most}. */
    private static int seconds(Duration duration, Duration most) {
        Duration shorter = Collections.min(List.of(duration, most));
        return Math.toIntExact(shorter.plusSeconds(1).minusNanos(1).toSeconds());
    }
}
