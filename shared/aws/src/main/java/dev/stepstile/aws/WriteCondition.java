package dev.stepstile.aws;

import dev.stepstile.step.Precondition;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;

/** A {@link Precondition} of a write as a condition expression of DynamoDB. Nothing else translates one. */
record WriteCondition(String expression, Map<String, String> names, Map<String, AttributeValue> values) {
    static final WriteCondition ABSENT = new WriteCondition("attribute_not_exists(pk)", Map.of(), Map.of());

    private static final String STORED =
            "attempt = :attempt AND #owner = :owner AND #state = :state AND #cancelSeq = :cancelSeq";
    private static final String STORED_ASKED = STORED + " AND attribute_exists(#asked)";
    private static final String STORED_UNASKED = STORED + " AND attribute_not_exists(#asked)";

    static WriteCondition of(Precondition expect) {
        return switch (expect) {
            case Precondition.Absent() -> ABSENT;
            case Precondition.Fence fence -> stored(fence).asked(fence.asked());
            case Precondition.AsRead(Precondition.Fence fence, Instant deadline) ->
                deadline == null
                        ? stored(fence).withoutDeadline()
                        : stored(fence).asked(fence.asked()).withDeadline(deadline);
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

    private static WriteCondition stored(Precondition.Fence fence) {
        return new WriteCondition(
                STORED,
                Map.of("#owner", RecordItem.OWNER, "#state", RecordItem.STATE, "#cancelSeq", RecordItem.CANCEL_SEQ),
                Map.of(
                        ":attempt", Attributes.ofNumber(fence.attempt()),
                        ":owner", Attributes.ofText(fence.owner()),
                        ":state", Attributes.ofText(fence.state().name()),
                        ":cancelSeq", Attributes.ofNumber(fence.cancelSeq())));
    }

    /** And it is asked to stop, or is not. */
    private WriteCondition asked(boolean asked) {
        Map<String, String> named = new HashMap<>(names);
        named.put("#asked", RecordItem.CANCEL_REQUESTED);
        return new WriteCondition(asked ? STORED_ASKED : STORED_UNASKED, named, values);
    }

    /** And the deadline is this one. */
    private WriteCondition withDeadline(Instant deadline) {
        Map<String, String> named = new HashMap<>(names);
        named.put("#deadline", RecordItem.DEADLINE);
        Map<String, AttributeValue> valued = new HashMap<>(values);
        valued.put(":deadline", Attributes.ofNumber(deadline.toEpochMilli()));
        return new WriteCondition(expression + " AND #deadline = :deadline", named, valued);
    }

    /** And it has no deadline: it does not run, and so is not asked to stop. */
    private WriteCondition withoutDeadline() {
        Map<String, String> named = new HashMap<>(names);
        named.put("#deadline", RecordItem.DEADLINE);
        return new WriteCondition(expression + " AND attribute_not_exists(#deadline)", named, values);
    }
}
