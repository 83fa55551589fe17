package dev.stepstile.aws;

import dev.stepstile.port.DeadLetterQueue;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;

/** The dead-letter queue on SQS. SQS can only receive: messages that were read are invisible for five seconds. */
public final class SqsDeadLetterQueue implements DeadLetterQueue {
    private static final Duration PEEK = Duration.ofSeconds(5);
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

    /** Receives until there are enough, or none comes within a second, or only known ones come. */
    @Override
    public List<String> peek(int max) {
        Map<String, String> deadLetters = new LinkedHashMap<>();
        boolean more = true;
        while (more && deadLetters.size() < max) {
            ReceiveMessageRequest request = ReceiveMessageRequest.builder()
                    .queueUrl(queueUrl)
                    .maxNumberOfMessages(Math.min(max - deadLetters.size(), SqsStepQueue.BATCH))
                    .waitTimeSeconds((int) WAIT.toSeconds())
                    .visibilityTimeout((int) PEEK.toSeconds())
                    .overrideConfiguration(AwsClients.waiting(WAIT))
                    .build();
            List<Message> messages = AwsCalls.call(
                            "ReceiveMessage from the dead-letter queue", () -> sqs.receiveMessage(request))
                    .messages();
            int known = deadLetters.size();
            messages.forEach(message -> deadLetters.putIfAbsent(message.messageId(), message.body()));
            more = deadLetters.size() > known;
        }
        return List.copyOf(deadLetters.values());
    }
}
