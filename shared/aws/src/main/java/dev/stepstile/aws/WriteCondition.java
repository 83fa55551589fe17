package dev.stepstile.aws;

import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;

/** A {@link Precondition} of a write as a condition expression of DynamoDB. Nothing else translates one. */
record WriteCondition(String expression, Map<String, String> names, Map<String, AttributeValue> values) {
    static final WriteCondition ABSENT = new WriteCondition("attribute_not_exists(pk)", Map.of(), Map.of());

    static WriteCondition of(Precondition expect) {
        return switch (expect) {
            case Precondition.Absent() -> ABSENT;
            case Precondition.Fence(int attempt, String owner, StepState.Name state, long cancelSeq) ->
                stored(attempt, owner, state, cancelSeq);
            case Precondition.AsRead(
                    int attempt,
                    String owner,
                    StepState.Name state,
                    long cancelSeq,
                    Instant deadline) ->
                stored(attempt, owner, state, cancelSeq).withDeadline(deadline);
        };
    }

    static WriteCondition version(long version) {
        return new WriteCondition(
                "#v = :v", Map.of("#v", DispatchItem.VERSION), Map.of(":v", Attributes.ofNumber(version)));
    }

    PutItemRequest.Builder on(PutItemRequest.Builder put) {
        put.conditionExpression(expression);
        // An empty map is refused where there is nothing to name.
        if (!names.isEmpty()) {
            put.expressionAttributeNames(names);
        }
        if (!values.isEmpty()) {
            put.expressionAttributeValues(values);
        }
        return put;
    }

    private static WriteCondition stored(int attempt, String owner, StepState.Name state, long cancelSeq) {
        return new WriteCondition(
                "attempt = :attempt AND #owner = :owner AND #state = :state AND #cancelSeq = :cancelSeq",
                Map.of("#owner", RecordItem.OWNER, "#state", RecordItem.STATE, "#cancelSeq", RecordItem.CANCEL_SEQ),
                Map.of(
                        ":attempt", Attributes.ofNumber(attempt),
                        ":owner", Attributes.ofText(owner),
                        ":state", Attributes.ofText(state.name()),
                        ":cancelSeq", Attributes.ofNumber(cancelSeq)));
    }

    /** And the deadline is this one, or there is none. */
    private WriteCondition withDeadline(@Nullable Instant deadline) {
        Map<String, String> named = new HashMap<>(names);
        named.put("#deadline", RecordItem.DEADLINE);
        if (deadline == null) {
            return new WriteCondition(expression + " AND attribute_not_exists(#deadline)", named, values);
        }
        Map<String, AttributeValue> valued = new HashMap<>(values);
        valued.put(":deadline", Attributes.ofNumber(deadline.toEpochMilli()));
        return new WriteCondition(expression + " AND #deadline = :deadline", named, valued);
    }
}
