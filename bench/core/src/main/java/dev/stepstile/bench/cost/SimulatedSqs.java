package dev.stepstile.bench.cost;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.Waiters;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.function.Supplier;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityRequest;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityResponse;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.GetQueueAttributesRequest;
import software.amazon.awssdk.services.sqs.model.GetQueueAttributesResponse;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageResponse;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;

/** A queue of SQS on virtual time, which counts its calls. It loses nothing; what is not delayed, it delivers in order. */
final class SimulatedSqs implements SqsClient {
    /** What a call takes, there and back. */
    private static final long CALL_MILLIS = 10;

    private record Sent(String id, String body, long at, int receives) {
        Sent received() {
            return new Sent(id, body, at, receives + 1);
        }

        Message message() {
            return Message.builder()
                    .messageId(id)
                    .receiptHandle(id)
                    .body(body)
                    .attributes(Map.of(
                            MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT,
                            Integer.toString(receives),
                            MessageSystemAttributeName.SENT_TIMESTAMP,
                            Long.toString(at)))
                    .build();
        }
    }

    private record Delayed(Sent message, long until) {}

    private final Scheduler scheduler;
    private final Supplier<Counts> counts;
    private final Deque<Sent> visible = new ArrayDeque<>();
    private final Map<String, Sent> received = new HashMap<>();
    private final PriorityQueue<Delayed> delayed = new PriorityQueue<>(Comparator.comparingLong(Delayed::until));
    private final Waiters receivers = new Waiters();
    private long sent;

    SimulatedSqs(Scheduler scheduler, Supplier<Counts> counts) {
        this.scheduler = scheduler;
        this.counts = counts;
    }

    /** Whether every message was deleted. */
    boolean empty() {
        return visible.isEmpty() && received.isEmpty() && delayed.isEmpty();
    }

    private void calls(Counts.QueueCall call) {
        counts.get().called(call);
        scheduler.pause(CALL_MILLIS);
    }

    @Override
    public SendMessageBatchResponse sendMessageBatch(SendMessageBatchRequest request) {
        calls(Counts.QueueCall.SEND);
        for (SendMessageBatchRequestEntry entry : request.entries()) {
            int delay = Objects.requireNonNullElse(entry.delaySeconds(), 0);
            show(new Sent(Long.toString(sent++), entry.messageBody(), scheduler.millis(), 0), delay);
        }
        return SendMessageBatchResponse.builder().failed(List.of()).build();
    }

    private void show(Sent message, int delaySeconds) {
        if (delaySeconds > 0) {
            delayed.add(new Delayed(
                    message,
                    scheduler.millis() + Duration.ofSeconds(delaySeconds).toMillis()));
            receivers.wake(scheduler, Integer.MAX_VALUE); // it may be the first that they wait for
        } else {
            visible.addLast(message);
            receivers.wake(scheduler, 1);
        }
    }

    private void showWhatIsDue() {
        while (!delayed.isEmpty() && delayed.element().until() <= scheduler.millis()) {
            visible.addLast(delayed.remove().message());
        }
    }

    /** When a receiver looks again, at the latest. */
    private long nextLook(long until) {
        return delayed.isEmpty() ? until : Math.min(until, delayed.element().until());
    }

    @Override
    public ReceiveMessageResponse receiveMessage(ReceiveMessageRequest request) {
        long until = scheduler.millis()
                + Duration.ofSeconds(request.waitTimeSeconds()).toMillis();
        showWhatIsDue();
        while (visible.isEmpty() && scheduler.millis() < until) {
            scheduler.awaitUninterruptibly(receivers, nextLook(until));
            showWhatIsDue();
        }
        List<Message> batch = new ArrayList<>();
        while (!visible.isEmpty() && batch.size() < request.maxNumberOfMessages()) {
            Sent next = visible.removeFirst().received();
            received.put(next.id(), next);
            batch.add(next.message());
        }
        calls(batch.isEmpty() ? Counts.QueueCall.EMPTY_RECEIVE : Counts.QueueCall.RECEIVE);
        return ReceiveMessageResponse.builder().messages(batch).build();
    }

    @Override
    public DeleteMessageBatchResponse deleteMessageBatch(DeleteMessageBatchRequest request) {
        calls(Counts.QueueCall.DELETE);
        request.entries().stream()
                .map(DeleteMessageBatchRequestEntry::receiptHandle)
                .forEach(received::remove);
        return DeleteMessageBatchResponse.builder().failed(List.of()).build();
    }

    @Override
    public ChangeMessageVisibilityResponse changeMessageVisibility(ChangeMessageVisibilityRequest request) {
        calls(Counts.QueueCall.CHANGE_VISIBILITY);
        Sent back = received.remove(request.receiptHandle());
        if (back != null) {
            show(back, request.visibilityTimeout());
        }
        return ChangeMessageVisibilityResponse.builder().build();
    }

    @Override
    public GetQueueAttributesResponse getQueueAttributes(GetQueueAttributesRequest request) {
        calls(Counts.QueueCall.ESTIMATE);
        return GetQueueAttributesResponse.builder()
                .attributes(Map.of(QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES, Integer.toString(visible.size())))
                .build();
    }

    @Override
    public String serviceName() {
        return SERVICE_NAME;
    }

    @Override
    public void close() {}
}
