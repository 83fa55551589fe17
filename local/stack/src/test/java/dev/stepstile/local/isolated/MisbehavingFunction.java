package dev.stepstile.local.isolated;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import java.time.Duration;
import java.util.ArrayList;

/** A function that does what each message's body says. */
public final class MisbehavingFunction implements RequestHandler<SQSEvent, SQSBatchResponse> {
    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        SQSBatchResponse answer = new SQSBatchResponse(new ArrayList<>());
        for (SQSEvent.SQSMessage message : event.getRecords()) {
            switch (message.getBody()) {
                case "stay" ->
                    answer.getBatchItemFailures().add(new SQSBatchResponse.BatchItemFailure(message.getMessageId()));
                case "say" ->
                    System.out.println(message.getAttributes().get("ApproximateReceiveCount") + " "
                            + message.getReceiptHandle() + " " + context.getRemainingTimeInMillis() / 1000 + " s for "
                            + context.getFunctionName());
                case "count" -> System.out.println("{\"_aws\":{},\"STEPS_CLAIMED\":2.0,\"STALE_REFUSED\":1.0}");
                case "throw" -> throw new IllegalStateException("as told");
                case "error" -> throw new StackOverflowError("as told");
                case "exit" -> System.exit(7);
                case "heap" -> fillTheHeap();
                case "hang" -> hang();
                default -> {}
            }
        }
        return answer;
    }

    private static void fillTheHeap() {
        long[][] kept = new long[1_000][];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = new long[1_000_000];
        }
        throw new IllegalStateException("a heap of " + kept.length * 8 + " MB");
    }

    private static void hang() {
        while (true) {
            try {
                Thread.sleep(Duration.ofDays(1));
            } catch (InterruptedException e) {
                // it takes no notice
            }
        }
    }
}
