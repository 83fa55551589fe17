package dev.stepstile.functions.step;

import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.port.StepQueue.Delivery;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** SQS's event as the port's deliveries. */
final class Deliveries {
    private Deliveries() {}

    static List<Delivery> of(SQSEvent event) {
        List<SQSEvent.SQSMessage> records = event.getRecords();
        return records == null
                ? List.of()
                : records.stream().map(Deliveries::of).toList();
    }

    private static Delivery of(SQSEvent.SQSMessage message) {
        Map<String, String> attributes = message.getAttributes() == null ? Map.of() : message.getAttributes();
        return new Delivery(
                message.getMessageId(),
                message.getReceiptHandle(),
                message.getBody() == null ? "" : message.getBody(),
                (int) number(attributes.get("ApproximateReceiveCount"), 1),
                Instant.ofEpochMilli(number(attributes.get("SentTimestamp"), 0)));
    }

    private static long number(@Nullable String text, long otherwise) {
        try {
            return text == null ? otherwise : Long.parseLong(text);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }
}
