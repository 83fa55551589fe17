package dev.stepstile.aws;

import dev.stepstile.step.Expect;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;

/** What a conditional write demands, as DynamoDB wants it said. The only place that turns an {@link Expect} into it. */
record Condition(String expression, Map<String, String> names, Map<String, AttributeValue> values) {
    static final Condition ABSENT = new Condition("attribute_not_exists(pk)", Map.of(), Map.of());

    static Condition of(Expect expect) {
        return switch (expect) {
            case Expect.Absent() -> ABSENT;
            case Expect.Fence(int attempt, String owner, StepState.Name state, long cancelSeq) ->
                stored(attempt, owner, state, cancelSeq, null);
            case Expect.AsRead(int attempt, String owner, StepState.Name state, long cancelSeq, Instant leaseUntil) ->
                stored(attempt, owner, state, cancelSeq, leaseUntil);
        };
    }

    static Condition version(long version) {
        return new Condition("#v = :v", Map.of("#v", DispatchItem.VERSION), Map.of(":v", Attributes.ofNumber(version)));
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

    private static Condition stored(
            int attempt, String owner, StepState.Name state, long cancelSeq, @Nullable Instant leaseUntil) {
        String expression = "attempt = :attempt AND #owner = :owner AND #state = :state AND #cancelSeq = :cancelSeq";
        Map<String, String> names = new LinkedHashMap<>();
        names.put("#owner", RecordItem.OWNER);
        names.put("#state", RecordItem.STATE);
        names.put("#cancelSeq", RecordItem.CANCEL_SEQ);
        Map<String, AttributeValue> values = new LinkedHashMap<>();
        values.put(":attempt", Attributes.ofNumber(attempt));
        values.put(":owner", Attributes.ofText(owner));
        values.put(":state", Attributes.ofText(state.name()));
        values.put(":cancelSeq", Attributes.ofNumber(cancelSeq));
        if (leaseUntil != null) {
            expression += " AND #leaseUntil = :leaseUntil";
            names.put("#leaseUntil", RecordItem.LEASE_UNTIL);
            values.put(":leaseUntil", Attributes.ofNumber(leaseUntil.toEpochMilli()));
        }
        return new Condition(expression, names, values);
    }
}
