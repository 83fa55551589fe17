package dev.stepstile.aws;

import dev.stepstile.port.DeadLetters;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;

/** The dead-letter queue on SQS. It can only be looked into by receiving: what was seen is invisible for five seconds. */
public final class SqsDeadLetters implements DeadLetters {
    private static final Duration PEEK = Duration.ofSeconds(5);
    private static final Duration WAIT = Duration.ofSeconds(1);

    private final SqsClient sqs;
    private final String queueUrl;

    public SqsDeadLetters(SqsClient sqs, String queueUrl) {
        this.sqs = sqs;
        this.queueUrl = queueUrl;
    }

    @Override
    public void bury(String body) {
        Calls.call(
                "SendMessage to the dead-letter queue",
                () -> sqs.sendMessage(request -> request.queueUrl(queueUrl).messageBody(body)));
    }

    /** Receives until there are enough, or none comes within a second, or only known ones come. */
    @Override
    public List<String> peek(int max) {
        Map<String, String> letters = new LinkedHashMap<>();
        boolean more = true;
        while (more && letters.size() < max) {
            ReceiveMessageRequest request = ReceiveMessageRequest.builder()
                    .queueUrl(queueUrl)
                    .maxNumberOfMessages(Math.min(max - letters.size(), SqsStepQueue.BATCH))
                    .waitTimeSeconds((int) WAIT.toSeconds())
                    .visibilityTimeout((int) PEEK.toSeconds())
                    .overrideConfiguration(AwsClients.waiting(WAIT))
                    .build();
            List<Message> messages = Calls.call(
                            "ReceiveMessage from the dead-letter queue", () -> sqs.receiveMessage(request))
                    .messages();
            int known = letters.size();
            messages.forEach(message -> letters.putIfAbsent(message.messageId(), message.body()));
            more = letters.size() > known;
        }
        return List.copyOf(letters.values());
    }
}
