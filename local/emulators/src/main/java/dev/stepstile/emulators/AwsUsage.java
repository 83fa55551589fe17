package dev.stepstile.emulators;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;

/**
 * What AWS would charge for: has DynamoDB report what each call consumed, and counts the requests of every service. Put on
 * clients of emulators, where someone wants to know; a function's clients do not have it.
 */
public final class AwsUsage implements ExecutionInterceptor {
    private static final String TABLE = "table";

    private final DoubleAdder readUnits = new DoubleAdder();
    private final ConcurrentSkipListMap<String, DoubleAdder> writeUnits = new ConcurrentSkipListMap<>();
    private final LongAdder refusedWrites = new LongAdder();
    private final ConcurrentSkipListMap<String, LongAdder> requests = new ConcurrentSkipListMap<>();

    /**
     * What was used so far.
     *
     * @param writeUnits by {@code table} and the name of an index; a refused write is counted as one unit of the table,
     *     as DynamoDB charges it without reporting it
     * @param refusedWrites conditional writes whose condition did not hold
     * @param requests by service and operation, as {@code Sqs.SendMessageBatch}; every try counts
     */
    public record Usage(
            SortedMap<String, Double> writeUnits,
            double readUnits,
            long refusedWrites,
            SortedMap<String, Long> requests) {

        /** Of the table and its indexes. */
        public double allWriteUnits() {
            return writeUnits.values().stream().mapToDouble(Double::doubleValue).sum();
        }

        /** @param service as the SDK names it: {@code DynamoDb}, {@code Sqs}, {@code S3} */
        public long requestsOf(String service) {
            return requests.entrySet().stream()
                    .filter(entry -> entry.getKey().startsWith(service + "."))
                    .mapToLong(Map.Entry::getValue)
                    .sum();
        }

        /** What was used between then and now. */
        public Usage since(Usage earlier) {
            SortedMap<String, Double> units = new TreeMap<>(writeUnits);
            earlier.writeUnits.forEach((where, before) -> units.merge(where, -before, Double::sum));
            SortedMap<String, Long> counts = new TreeMap<>(requests);
            earlier.requests.forEach((operation, before) -> counts.merge(operation, -before, Long::sum));
            return new Usage(units, readUnits - earlier.readUnits, refusedWrites - earlier.refusedWrites, counts);
        }
    }

    public Usage soFar() {
        SortedMap<String, Double> units = new TreeMap<>();
        writeUnits.forEach((where, sum) -> units.put(where, sum.sum()));
        SortedMap<String, Long> counts = new TreeMap<>();
        requests.forEach((operation, sum) -> counts.put(operation, sum.sum()));
        return new Usage(units, readUnits.sum(), refusedWrites.sum(), counts);
    }

    @Override
    public SdkRequest modifyRequest(Context.ModifyRequest context, ExecutionAttributes attributes) {
        ReturnConsumedCapacity indexes = ReturnConsumedCapacity.INDEXES;
        return switch (context.request()) {
            case PutItemRequest put ->
                put.toBuilder().returnConsumedCapacity(indexes).build();
            case UpdateItemRequest update ->
                update.toBuilder().returnConsumedCapacity(indexes).build();
            case DeleteItemRequest delete ->
                delete.toBuilder().returnConsumedCapacity(indexes).build();
            case GetItemRequest get ->
                get.toBuilder().returnConsumedCapacity(indexes).build();
            case BatchGetItemRequest get ->
                get.toBuilder().returnConsumedCapacity(indexes).build();
            case QueryRequest query ->
                query.toBuilder().returnConsumedCapacity(indexes).build();
            case SdkRequest unmetered -> unmetered;
        };
    }

    @Override
    public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
        String operation = attributes.getAttribute(SdkExecutionAttribute.SERVICE_NAME)
                + "."
                + attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME);
        requests.computeIfAbsent(operation, first -> new LongAdder()).increment();
    }

    @Override
    public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
        switch (context.response()) {
            case PutItemResponse put -> wrote(put.consumedCapacity());
            case UpdateItemResponse update -> wrote(update.consumedCapacity());
            case DeleteItemResponse delete -> wrote(delete.consumedCapacity());
            case GetItemResponse get -> read(get.consumedCapacity());
            case BatchGetItemResponse get -> get.consumedCapacity().forEach(this::read);
            case QueryResponse query -> read(query.consumedCapacity());
            case SdkResponse _ -> {}
        }
    }

    @Override
    public void onExecutionFailure(Context.FailedExecution context, ExecutionAttributes attributes) {
        if (context.exception() instanceof ConditionalCheckFailedException) {
            refusedWrites.increment();
            units(TABLE).add(1);
        }
    }

    private void wrote(@Nullable ConsumedCapacity consumed) {
        if (consumed != null) {
            units(TABLE).add(consumed.table().capacityUnits());
            consumed.globalSecondaryIndexes()
                    .forEach((index, capacity) -> units(index).add(capacity.capacityUnits()));
        }
    }

    private void read(@Nullable ConsumedCapacity consumed) {
        if (consumed != null) {
            readUnits.add(consumed.capacityUnits());
        }
    }

    private DoubleAdder units(String where) {
        return writeUnits.computeIfAbsent(where, first -> new DoubleAdder());
    }
}
