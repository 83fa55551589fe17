package dev.stepstile.simulatedaws;

import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;

/** A client of DynamoDB, simulated or not, that reports what each call consumed. */
public final class MeteredTable implements DynamoDbClient {
    private static final ReturnConsumedCapacity INDEXES = ReturnConsumedCapacity.INDEXES;

    private final DynamoDbClient table;
    private final Meter meter;

    public MeteredTable(DynamoDbClient table, Meter meter) {
        this.table = table;
        this.meter = meter;
    }

    /** Is told of every call once it has been made. */
    public interface Meter {
        void used(Use use);
    }

    /**
     * What a call consumed.
     *
     * @param writeUnits by {@code table} and the name of an index; a refused write is one unit of the table, which DynamoDB
     *     charges and does not report
     */
    public record Use(
            DynamoDbRequest request, SortedMap<String, Double> writeUnits, double readUnits, boolean refused) {
        /** Of the table and its indexes. */
        public double allWriteUnits() {
            return writeUnits.values().stream().mapToDouble(Double::doubleValue).sum();
        }
    }

    @Override
    public PutItemResponse putItem(PutItemRequest request) {
        return written(
                request,
                () -> table.putItem(
                        request.toBuilder().returnConsumedCapacity(INDEXES).build()),
                PutItemResponse::consumedCapacity);
    }

    @Override
    public UpdateItemResponse updateItem(UpdateItemRequest request) {
        return written(
                request,
                () -> table.updateItem(
                        request.toBuilder().returnConsumedCapacity(INDEXES).build()),
                UpdateItemResponse::consumedCapacity);
    }

    @Override
    public DeleteItemResponse deleteItem(DeleteItemRequest request) {
        return written(
                request,
                () -> table.deleteItem(
                        request.toBuilder().returnConsumedCapacity(INDEXES).build()),
                DeleteItemResponse::consumedCapacity);
    }

    @Override
    public GetItemResponse getItem(GetItemRequest request) {
        GetItemResponse response = table.getItem(
                request.toBuilder().returnConsumedCapacity(INDEXES).build());
        read(request, response.consumedCapacity().capacityUnits());
        return response;
    }

    @Override
    public BatchGetItemResponse batchGetItem(BatchGetItemRequest request) {
        BatchGetItemResponse response = table.batchGetItem(
                request.toBuilder().returnConsumedCapacity(INDEXES).build());
        read(
                request,
                response.consumedCapacity().stream()
                        .mapToDouble(ConsumedCapacity::capacityUnits)
                        .sum());
        return response;
    }

    @Override
    public QueryResponse query(QueryRequest request) {
        QueryResponse response =
                table.query(request.toBuilder().returnConsumedCapacity(INDEXES).build());
        read(request, response.consumedCapacity().capacityUnits());
        return response;
    }

    private interface Write<R> {
        R send();
    }

    private <R> R written(DynamoDbRequest request, Write<R> write, Function<R, @Nullable ConsumedCapacity> consumed) {
        SortedMap<String, Double> units = new TreeMap<>();
        try {
            R response = write.send();
            ConsumedCapacity capacity = consumed.apply(response);
            if (capacity != null) {
                units.put("table", capacity.table().capacityUnits());
                capacity.globalSecondaryIndexes().forEach((index, of) -> units.put(index, of.capacityUnits()));
            }
            meter.used(new Use(request, units, 0, false));
            return response;
        } catch (ConditionalCheckFailedException e) {
            units.put("table", 1.0);
            meter.used(new Use(request, units, 0, true));
            throw e;
        }
    }

    private void read(DynamoDbRequest request, double units) {
        meter.used(new Use(request, new TreeMap<>(), units, false));
    }

    @Override
    public String serviceName() {
        return SERVICE_NAME;
    }

    @Override
    public void close() {
        table.close();
    }
}
