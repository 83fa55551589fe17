package dev.stepstile.aws;

import dev.stepstile.step.Expect;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.HashMap;
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
                stored(attempt, owner, state, cancelSeq);
            case Expect.AsRead(int attempt, String owner, StepState.Name state, long cancelSeq, Instant leaseUntil) ->
                stored(attempt, owner, state, cancelSeq).withLease(leaseUntil);
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

    private static Condition stored(int attempt, String owner, StepState.Name state, long cancelSeq) {
        return new Condition(
                "attempt = :attempt AND #owner = :owner AND #state = :state AND #cancelSeq = :cancelSeq",
                Map.of("#owner", RecordItem.OWNER, "#state", RecordItem.STATE, "#cancelSeq", RecordItem.CANCEL_SEQ),
                Map.of(
                        ":attempt", Attributes.ofNumber(attempt),
                        ":owner", Attributes.ofText(owner),
                        ":state", Attributes.ofText(state.name()),
                        ":cancelSeq", Attributes.ofNumber(cancelSeq)));
    }

    /** And the lease is this one, or there is none. */
    private Condition withLease(@Nullable Instant leaseUntil) {
        Map<String, String> named = new HashMap<>(names);
        named.put("#leaseUntil", RecordItem.LEASE_UNTIL);
        if (leaseUntil == null) {
            return new Condition(expression + " AND attribute_not_exists(#leaseUntil)", named, values);
        }
        Map<String, AttributeValue> valued = new HashMap<>(values);
        valued.put(":leaseUntil", Attributes.ofNumber(leaseUntil.toEpochMilli()));
        return new Condition(expression + " AND #leaseUntil = :leaseUntil", named, valued);
    }
}
