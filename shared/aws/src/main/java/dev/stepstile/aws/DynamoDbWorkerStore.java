package dev.stepstile.aws;

import static dev.stepstile.aws.Attributes.ofNumber;
import static dev.stepstile.aws.Attributes.ofText;

import dev.stepstile.codec.WorkerCodec;
import dev.stepstile.port.DamagedData;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.Retention;
import dev.stepstile.step.StepId;
import dev.stepstile.step.WorkerRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/**
 * The items of workers on DynamoDB: {@code pk} {@code workers#<bucket>}, {@code sk} the worker's id.
 *
 * <table>
 * <caption>Attributes</caption>
 * <tr><th>attribute</th><th>what</th></tr>
 * <tr><td>{@code n l v}</td><td>number of the newest heartbeat, leaseUntil, revokedAt</td></tr>
 * <tr><td>{@code b ac}</td><td>steps and activities, as {@link WorkerCodec} has them, packed</td></tr>
 * <tr><td>{@code x}</td><td>steps that the worker is asked to cancel: a set of {@code <runId>/<stepKey>}</td></tr>
 * <tr><td>{@code ttl}</td><td>when the item may be deleted, should nobody ever recover the worker</td></tr>
 * </table>
 */
public final class DynamoDbWorkerStore implements WorkerStore {
    private static final Logger LOG = LoggerFactory.getLogger(DynamoDbWorkerStore.class);
    private static final String BEAT = "n";
    private static final String LEASE_UNTIL = "l";
    private static final String REVOKED_AT = "v";
    private static final String STEPS = "b";
    private static final String ACTIVITIES = "ac";
    private static final String CANCELS = "x";
    private static final String NOT_REVOKED = "attribute_not_exists(#revoked)";

    private final DynamoDbClient dynamoDb;
    private final String table;
    private final TableReads reads;
    private final Duration retention;
    private final InstantSource clock;

    /**
     * @param retention of a dispatch; what it needs is kept {@link Retention#SPARE} longer
     * @param clock for {@code ttl} alone
     */
    public DynamoDbWorkerStore(DynamoDbClient dynamoDb, String table, Duration retention, InstantSource clock) {
        this.dynamoDb = dynamoDb;
        this.table = table;
        this.reads = new TableReads(dynamoDb, table);
        this.retention = retention;
        this.clock = clock;
    }

    @Override
    public void start(WorkerRecord first) {
        Attributes item = new Attributes(pk(WorkerRecord.bucket(first.id())), first.id())
                .put(BEAT, first.beat())
                .put(LEASE_UNTIL, first.leaseUntil())
                .put(REVOKED_AT, first.revokedAt())
                .put(STEPS, Attributes.ofBytes(CompactBytes.pack(WorkerCodec.writeSteps(first.steps()))))
                .put(ACTIVITIES, activities(first))
                .put(
                        DynamoDbStepStore.TTL,
                        clock.instant().plus(retention).plus(Retention.SPARE).getEpochSecond());
        PutItemRequest request = WriteCondition.ABSENT
                .on(PutItemRequest.builder())
                .tableName(table)
                .item(item.values())
                .build();
        succeeds("PutItem of worker " + first.id(), () -> dynamoDb.putItem(request)); // else an earlier try wrote it
    }

    @Override
    public Optional<Set<StepId>> renew(WorkerRecord next) {
        UpdateItemRequest request = UpdateItemRequest.builder()
                .tableName(table)
                .key(key(next.id()))
                .conditionExpression("#beat <= :beat AND " + NOT_REVOKED)
                .updateExpression("SET #beat = :beat, #leaseUntil = :leaseUntil, #activities = :activities")
                .expressionAttributeNames(Map.of(
                        "#beat", BEAT, "#revoked", REVOKED_AT, "#leaseUntil", LEASE_UNTIL, "#activities", ACTIVITIES))
                .expressionAttributeValues(Map.of(
                        ":beat",
                        ofNumber(next.beat()),
                        ":leaseUntil",
                        ofNumber(next.leaseUntil().toEpochMilli()),
                        ":activities",
                        activities(next)))
                .returnValues(ReturnValue.ALL_NEW)
                .build();
        return AwsCalls.call("UpdateItem of worker " + next.id(), () -> {
            try {
                return Optional.of(cancels(dynamoDb.updateItem(request).attributes()));
            } catch (ConditionalCheckFailedException e) {
                return Optional.empty();
            }
        });
    }

    private static Set<StepId> cancels(Map<String, AttributeValue> item) {
        Set<StepId> asked = new HashSet<>();
        AttributeValue steps = item.get(CANCELS);
        if (steps != null) {
            for (String step : steps.ss()) {
                int end = step.indexOf('/');
                asked.add(new StepId(step.substring(0, end), step.substring(end + 1)));
            }
        }
        return asked;
    }

    @Override
    public boolean askToCancel(String worker, StepId step) {
        UpdateItemRequest request = UpdateItemRequest.builder()
                .tableName(table)
                .key(key(worker))
                .conditionExpression("attribute_exists(pk) AND " + NOT_REVOKED)
                .updateExpression("ADD #cancels :step")
                .expressionAttributeNames(Map.of("#cancels", CANCELS, "#revoked", REVOKED_AT))
                .expressionAttributeValues(Map.of(":step", AttributeValue.fromSs(List.of(step.toString()))))
                .build();
        return succeeds("UpdateItem of worker " + worker, () -> dynamoDb.updateItem(request));
    }

    @Override
    public boolean revoke(WorkerRecord read, Instant at) {
        Instant before = read.revokedAt();
        UpdateItemRequest.Builder request =
                UpdateItemRequest.builder().tableName(table).key(key(read.id())).updateExpression("SET #revoked = :at");
        AttributeValue stamp = ofNumber(at.toEpochMilli());
        if (before == null) {
            request.conditionExpression("#beat = :beat AND " + NOT_REVOKED)
                    .expressionAttributeNames(Map.of("#beat", BEAT, "#revoked", REVOKED_AT))
                    .expressionAttributeValues(Map.of(":beat", ofNumber(read.beat()), ":at", stamp));
        } else { // it has sent no heartbeat since
            request.conditionExpression("#revoked = :before")
                    .expressionAttributeNames(Map.of("#revoked", REVOKED_AT))
                    .expressionAttributeValues(Map.of(":before", ofNumber(before.toEpochMilli()), ":at", stamp));
        }
        UpdateItemRequest revoking = request.build();
        return succeeds("UpdateItem of worker " + read.id(), () -> dynamoDb.updateItem(revoking));
    }

    @Override
    public void end(String worker) {
        delete(worker, NOT_REVOKED);
    }

    @Override
    public void forget(String worker) {
        delete(worker, "attribute_exists(#revoked)");
    }

    private void delete(String worker, String condition) {
        DeleteItemRequest request = DeleteItemRequest.builder()
                .tableName(table)
                .key(key(worker))
                .conditionExpression(condition)
                .expressionAttributeNames(Map.of("#revoked", REVOKED_AT))
                .build();
        succeeds("DeleteItem of worker " + worker, () -> dynamoDb.deleteItem(request));
    }

    @Override
    public Optional<WorkerRecord> worker(String id) {
        return reads.get("GetItem of worker " + id, key(id)).map(DynamoDbWorkerStore::read);
    }

    @Override
    public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
        QueryRequest.Builder query = QueryRequest.builder();
        TableReads.after(query, ItemKeys.PK, pk(bucket), ItemKeys.SK, afterId);
        String what = "Query of the workers of bucket " + bucket;
        return reads.queryReadable(what, query, limit, DynamoDbWorkerStore::readUnlessDamaged);
    }

    private static Optional<WorkerRecord> readUnlessDamaged(Map<String, AttributeValue> item) {
        try {
            return Optional.of(read(item));
        } catch (DamagedData e) {
            LOG.error("{} A sweep ends the attempts of its steps once their deadlines are over.", e.getMessage());
            return Optional.empty();
        }
    }

    private static WorkerRecord read(Map<String, AttributeValue> read) {
        return TableReads.readable(read, values -> {
            Attributes item = new Attributes(values);
            return new WorkerRecord(
                    item.text(ItemKeys.SK),
                    WorkerCodec.readSteps(CompactBytes.text(item.bytes(STEPS))),
                    item.integer(BEAT),
                    item.instant(LEASE_UNTIL),
                    item.instantOrNull(REVOKED_AT),
                    WorkerCodec.readActivities(CompactBytes.text(item.bytes(ACTIVITIES))));
        });
    }

    private static AttributeValue activities(WorkerRecord worker) {
        return Attributes.ofBytes(CompactBytes.pack(WorkerCodec.writeActivities(worker.activities())));
    }

    private static Map<String, AttributeValue> key(String worker) {
        return Map.of(ItemKeys.PK, ofText(pk(WorkerRecord.bucket(worker))), ItemKeys.SK, ofText(worker));
    }

    private static String pk(int bucket) {
        return "workers#" + bucket;
    }

    private interface Write {
        @Nullable
        Object send();
    }

    /** Whether a conditional write was done. */
    private static boolean succeeds(String what, Write write) {
        return AwsCalls.call(what, () -> {
            try {
                write.send();
                return true;
            } catch (ConditionalCheckFailedException e) {
                return false;
            }
        });
    }
}
