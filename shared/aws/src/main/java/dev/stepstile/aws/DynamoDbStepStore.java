package dev.stepstile.aws;

import static dev.stepstile.aws.Attributes.ofNumber;
import static dev.stepstile.aws.Attributes.ofText;

import dev.stepstile.codec.Json;
import dev.stepstile.codec.RedriveCodec;
import dev.stepstile.port.DamagedData;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.PortException;
import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Retention;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;

/**
 * The table on DynamoDB. A write is one conditional {@code PutItem} of a whole item; a refused one brings the stored
 * item back, so that nobody reads twice. Names are short, as DynamoDB counts them: a record with a result of 512 bytes
 * stays within 1 KB, one write unit. Instants and durations are milliseconds, {@code ttl} seconds.
 *
 * <table>
 * <caption>Items</caption>
 * <tr><th>item</th><th>pk</th><th>sk</th></tr>
 * <tr><td>run</td><td>{@code run#<runId>}</td><td>{@code run}</td></tr>
 * <tr><td>dispatch</td><td>{@code run#<runId>}</td><td>{@code dispatch#<dispatchId>}</td></tr>
 * <tr><td>redrive call</td><td>{@code run#<runId>}</td><td>{@code redrive#<redriveId>}</td></tr>
 * <tr><td>record</td><td>{@code run#<runId>#<shard>}</td><td>{@code <stepKey>}</td></tr>
 * <tr><td>page</td><td>{@code run#<runId>#<shard>#pages}</td><td>{@code <stepKey>#<attempt>#<number>}</td></tr>
 * </table>
 *
 * <table>
 * <caption>Attributes</caption>
 * <tr><th>item</th><th>attribute</th><th>what</th></tr>
 * <tr><td>all</td><td>{@code ttl}</td><td>when the item may be deleted: the retention after the last write for
 * dispatches and redrive calls, {@link Retention#SPARE} more for all that they need</td></tr>
 * <tr><td>run</td><td>{@code ca s c}</td><td>createdAt, shards, cancelSeq</td></tr>
 * <tr><td></td><td>{@code feedPk feedSk}</td><td>a partition of the list of runs, and the position in it: index {@code feed}</td></tr>
 * <tr><td>redrive call</td><td>{@code rj}</td><td>JSON, as {@link RedriveCodec} has it</td></tr>
 * <tr><td>record</td><td>{@code state attempt pages}</td><td>as in {@link StepRecord}</td></tr>
 * <tr><td></td><td>{@code result r}</td><td>result: inline, packed; or where it is (see below)</td></tr>
 * <tr><td></td><td>{@code o b c}</td><td>owner, budgetFrom, cancelSeq</td></tr>
 * <tr><td></td><td>{@code ca sa fa ba}</td><td>createdAt, startedAt, finishedAt, deadLetteredAt</td></tr>
 * <tr><td></td><td>{@code l x}</td><td>deadline, cancelRequested; RUNNING only</td></tr>
 * <tr><td></td><td>{@code nb}</td><td>notBefore; RETRYING only</td></tr>
 * <tr><td></td><td>{@code ek em}</td><td>kind and message of the error</td></tr>
 * <tr><td></td><td>{@code d i h m rb rc t}</td><td>pinned: dispatchId, index, handler, maxAttempts, base and cap of
 * the backoff, timeout</td></tr>
 * <tr><td></td><td>{@code tp}</td><td>pinned: {@code traceparent}, as bytes; of a step in a trace</td></tr>
 * <tr><td></td><td>{@code st}</td><td>pinned: what spans say of its tags: a map of texts; of a step in a trace</td></tr>
 * <tr><td></td><td>{@code gi gr rd}</td><td>input that a redrive gave, inline or where it is; by which call</td></tr>
 * <tr><td></td><td>{@code y}</td><td>history: maps of {@code n s e k m}: attempt, start, end, kind, message</td></tr>
 * <tr><td></td><td>{@code feedPk feedSk}</td><td>shard and position in its feed, once ended: index {@code
 * feed}</td></tr>
 * <tr><td>page</td><td>{@code attempt w n}</td><td>attempt, when it was written, lines (a JSON array, packed)</td></tr>
 * <tr><td></td><td>{@code feedPk feedSk}</td><td>as for records</td></tr>
 * <tr><td>dispatch</td><td>{@code dg s n mf mr}</td><td>digest, shards, stepCount, manifest inline or where it
 * is</td></tr>
 * <tr><td></td><td>{@code ca vu se ls rs}</td><td>createdAt, validUntil, sentAt, lastSentAt, resends</td></tr>
 * <tr><td></td><td>{@code f fc oc at}</td><td>finished (little-endian bits), finishedCounts, openCounts,
 * countedAt</td></tr>
 * <tr><td></td><td>{@code rt aa cr er}</td><td>reading: readAt, actAt, cancelSeq, endsReadTo</td></tr>
 * <tr><td></td><td>{@code v ko ac ra}</td><td>version, keepOpenUntil, attached, refreshedAt</td></tr>
 * <tr><td></td><td>{@code rf rp}</td><td>refresh: since, steps (little-endian bits); while one is under way</td></tr>
 * <tr><td></td><td>{@code openBucket nextSweepAt}</td><td>while open: index {@code open}</td></tr>
 * </table>
 *
 * Packed is one byte (0 plain, 1 deflated) and the bytes. Where a payload is: a map of {@code i} (item) or {@code s}
 * (stored): its key; {@code n}: its size; {@code h}: its SHA-256.
 */
public final class DynamoDbStepStore implements StepStore {
    private static final Logger LOG = LoggerFactory.getLogger(DynamoDbStepStore.class);
    static final String TTL = "ttl";
    private static final String SHARDS = "s";
    private static final String CREATED_AT = "ca";
    private static final String WRITTEN_AT = "w";
    private static final String LINES = "n";
    private static final String REDRIVE_CALL = "rj";
    private static final int BATCH_TRIES = 6;
    private static final Duration BATCH_PAUSE = Duration.ofMillis(50);
    private static final WriteResult WRITTEN = new WriteResult.Written();

    private final DynamoDbClient dynamoDb;
    private final String table;
    private final TableReads reads;
    private final Duration retention;
    private final InstantSource clock;

    /**
     * @param retention how long after its last write a dispatch is kept; what it needs, {@link Retention#SPARE} longer
     * @param clock for {@code ttl} alone
     */
    public DynamoDbStepStore(DynamoDbClient dynamoDb, String table, Duration retention, InstantSource clock) {
        this.dynamoDb = dynamoDb;
        this.table = table;
        this.reads = new TableReads(dynamoDb, table);
        this.retention = retention;
        this.clock = clock;
    }

    /** A run's item lives as long as the newest call for it: a later dispatch keeps it. */
    @Override
    public Run putRunIfAbsent(Run run) {
        Attributes item = new Attributes(ItemKeys.run(run.runId()), ItemKeys.RUN_SK)
                .put(CREATED_AT, run.createdAt())
                .put(SHARDS, run.shards())
                .put(RecordItem.CANCEL_SEQ, run.cancelSeq())
                .put(ItemKeys.FEED_PK, listed(run))
                .put(ItemKeys.FEED_SK, RunPosition.of(run).text());
        Optional<Map<String, AttributeValue>> found =
                put("PutItem of run " + run.runId(), item, WriteCondition.ABSENT, expiryOfNeeded());
        if (found.isEmpty()) {
            return run;
        }
        return keep(found.get()) ? run(found.get()) : putRunIfAbsent(run); // deleted by age just now
    }

    @Override
    public Optional<Run> keepRun(String runId) {
        return item(runId).filter(this::keep).map(DynamoDbStepStore::run);
    }

    /** The partition of the list of runs in which a run is. */
    private static String listed(Run run) {
        return ItemKeys.runs(Shards.of(run.runId(), ItemKeys.RUN_BUCKETS));
    }

    /**
     * At most once a day: so much longer than the retention is a run kept anyway. One that a version before stored is listed from
     * then on. False if it is gone.
     */
    private boolean keep(Map<String, AttributeValue> item) {
        Attributes stored = new Attributes(item);
        if (stored.has(ItemKeys.FEED_PK)
                && stored.number(TTL) >= expiryOfNeeded() - Duration.ofDays(1).toSeconds()) {
            return true;
        }
        Run run = run(item);
        return update(
                        run.runId(),
                        "SET #ttl = :ttl, #feedPk = :feedPk, #feedSk = :feedSk",
                        Map.of("#ttl", TTL, "#feedPk", ItemKeys.FEED_PK, "#feedSk", ItemKeys.FEED_SK),
                        Map.of(
                                ":ttl", ofNumber(expiryOfNeeded()),
                                ":feedPk", ofText(listed(run)),
                                ":feedSk", ofText(RunPosition.of(run).text())))
                .isPresent();
    }

    @Override
    public List<RunPosition> runs(@Nullable RunPosition after, int limit) {
        List<RunPosition> found = new ArrayList<>();
        String last = after == null ? null : after.text();
        for (int bucket = 0; bucket < ItemKeys.RUN_BUCKETS; bucket++) {
            QueryRequest.Builder query = QueryRequest.builder().indexName(ItemKeys.FEED_INDEX);
            TableReads.after(query, ItemKeys.FEED_PK, ItemKeys.runs(bucket), ItemKeys.FEED_SK, last);
            found.addAll(reads.queryReadable(
                    "Query of the runs of bucket " + bucket, query, limit, DynamoDbStepStore::positionUnlessDamaged));
        }
        return found.stream().sorted().limit(limit).toList();
    }

    private static Optional<RunPosition> positionUnlessDamaged(Map<String, AttributeValue> item) {
        try {
            return Optional.of(
                    TableReads.readable(item, read -> RunPosition.parse(new Attributes(read).text(ItemKeys.FEED_SK))));
        } catch (DamagedData e) {
            LOG.error("{} The run is in no list, and each call that names it finds it.", e.getMessage());
            return Optional.empty();
        }
    }

    private Optional<Map<String, AttributeValue>> item(String runId) {
        return reads.get("GetItem of run " + runId, ItemKeys.of(ItemKeys.run(runId), ItemKeys.RUN_SK));
    }

    @Override
    public Optional<Run> run(String runId) {
        return item(runId).map(DynamoDbStepStore::run);
    }

    @Override
    public Optional<Run> raiseCancelSeq(String runId) {
        return update(
                        runId,
                        "SET #ttl = :ttl ADD #c :one",
                        Map.of("#ttl", TTL, "#c", RecordItem.CANCEL_SEQ),
                        Map.of(":ttl", ofNumber(expiryOfNeeded()), ":one", ofNumber(1)))
                .map(DynamoDbStepStore::run);
    }

    @Override
    public Optional<Dispatch> putDispatchIfAbsent(Dispatch dispatch) {
        return put(
                        "PutItem of dispatch " + dispatch.dispatchId(),
                        DispatchItem.write(dispatch),
                        WriteCondition.ABSENT,
                        expiry())
                .map(DynamoDbStepStore::dispatch);
    }

    @Override
    public Optional<Dispatch> dispatch(String runId, String dispatchId) {
        return reads.get(
                        "GetItem of dispatch " + dispatchId,
                        ItemKeys.of(ItemKeys.run(runId), ItemKeys.DISPATCH_PREFIX + dispatchId))
                .map(DynamoDbStepStore::dispatch);
    }

    @Override
    public List<Dispatch> dispatches(String runId) {
        QueryRequest.Builder query = QueryRequest.builder()
                .consistentRead(true)
                .keyConditionExpression("pk = :pk AND begins_with(sk, :prefix)")
                .expressionAttributeValues(
                        Map.of(":pk", ofText(ItemKeys.run(runId)), ":prefix", ofText(ItemKeys.DISPATCH_PREFIX)));
        return reads.query(
                "Query of the dispatches of run " + runId, query, Integer.MAX_VALUE, DynamoDbStepStore::dispatch);
    }

    /** They lie in one partition: behind the dispatches the redrive calls, and the run. */
    @Override
    public Optional<RunWithDispatches> runWithDispatches(String runId) {
        QueryRequest.Builder query = QueryRequest.builder().consistentRead(true);
        TableReads.after(query, ItemKeys.PK, ItemKeys.run(runId), ItemKeys.SK, ItemKeys.DISPATCH_PREFIX);
        List<Dispatch> dispatches = new ArrayList<>();
        List<Run> run =
                reads.queryReadable("Query of run " + runId + " and its dispatches", query, Integer.MAX_VALUE, item -> {
                    String sk = new Attributes(item).text(ItemKeys.SK);
                    if (sk.startsWith(ItemKeys.DISPATCH_PREFIX)) {
                        dispatches.add(dispatch(item));
                    }
                    return sk.equals(ItemKeys.RUN_SK) ? Optional.of(run(item)) : Optional.empty();
                });
        return run.stream().findFirst().map(found -> new RunWithDispatches(found, dispatches));
    }

    @Override
    public boolean replace(Dispatch next) {
        return put(
                        "PutItem of dispatch " + next.dispatchId(),
                        DispatchItem.write(next),
                        WriteCondition.version(next.version() - 1),
                        expiry())
                .isEmpty();
    }

    @Override
    public Optional<RedriveCall> putRedriveIfAbsent(RedriveCall call) {
        return put("PutItem of redrive " + call.redriveId(), redrive(call), WriteCondition.ABSENT, expiry())
                .map(found ->
                        TableReads.readable(found, item -> RedriveCodec.read(new Attributes(item).text(REDRIVE_CALL))));
    }

    @Override
    public void putRedrive(RedriveCall done) {
        Attributes item = redrive(done).put(TTL, expiry());
        AwsCalls.call(
                "PutItem of redrive " + done.redriveId(),
                () -> dynamoDb.putItem(request -> request.tableName(table).item(item.values())));
    }

    private static Attributes redrive(RedriveCall call) {
        return new Attributes(ItemKeys.run(call.runId()), ItemKeys.REDRIVE_PREFIX + call.redriveId())
                .put(REDRIVE_CALL, RedriveCodec.write(call));
    }

    @Override
    public List<DispatchId> due(int bucket, Instant until, int limit) {
        QueryRequest.Builder query = QueryRequest.builder()
                .indexName(ItemKeys.OPEN_INDEX)
                .keyConditionExpression("openBucket = :bucket AND nextSweepAt <= :until")
                .expressionAttributeValues(
                        Map.of(":bucket", ofText(Integer.toString(bucket)), ":until", ofNumber(until.toEpochMilli())));
        return reads.query("Query of bucket " + bucket, query, limit, item -> {
            Attributes keys = new Attributes(item);
            return ItemKeys.dispatchId(keys.text(ItemKeys.PK), keys.text(ItemKeys.SK));
        });
    }

    @Override
    public WriteResult write(StepRecord next, Precondition expect) {
        Optional<Map<String, AttributeValue>> other = put(
                "PutItem of step " + next.id() + " attempt " + next.attempt(),
                RecordItem.write(next),
                WriteCondition.of(expect),
                expiryOfNeeded());
        return other.isEmpty() ? WRITTEN : new WriteResult.Refused(stored(other.get()));
    }

    @Override
    public Optional<StepRecord> record(StepId id, int shard) {
        return reads.get("GetItem of step " + id, ItemKeys.record(id, shard)).map(DynamoDbStepStore::record);
    }

    @Override
    public List<StepRecord> records(List<StepRef> steps) {
        if (steps.size() > Limits.LOOKUP_KEYS) {
            throw new IllegalArgumentException(steps.size() + " steps; the limit of a batch is " + Limits.LOOKUP_KEYS);
        }
        SequencedSet<Map<String, AttributeValue>> left = new LinkedHashSet<>();
        steps.forEach(step -> left.add(ItemKeys.record(step.id(), step.shard())));
        List<StepRecord> found = new ArrayList<>();
        for (int i = 0; !left.isEmpty(); i++) {
            if (i == BATCH_TRIES) {
                throw new PortException("BatchGetItem left " + left.size() + " of " + steps.size() + " steps unread");
            }
            pause(i);
            var response = AwsCalls.call(
                    "BatchGetItem of " + left.size() + " steps",
                    () -> dynamoDb.batchGetItem(request -> request.requestItems(Map.of(
                            table,
                            KeysAndAttributes.builder()
                                    .consistentRead(true)
                                    .keys(left)
                                    .build()))));
            response.responses().getOrDefault(table, List.of()).forEach(item -> found.add(record(item)));
            left.clear();
            KeysAndAttributes unread = response.unprocessedKeys().get(table);
            if (unread != null) {
                left.addAll(unread.keys());
            }
        }
        return found;
    }

    @Override
    public List<StepRecord> list(String runId, int shard, @Nullable String afterKey, int limit) {
        String pk = ItemKeys.shard(runId, shard);
        QueryRequest.Builder query = QueryRequest.builder().consistentRead(true);
        TableReads.after(query, ItemKeys.PK, pk, ItemKeys.SK, afterKey);
        return reads.query("Query of the records of " + pk, query, limit, DynamoDbStepStore::record);
    }

    @Override
    public List<FeedEntry> feed(String runId, int shard, @Nullable String afterPosition, int limit) {
        String pk = ItemKeys.shard(runId, shard);
        QueryRequest.Builder query = QueryRequest.builder().indexName(ItemKeys.FEED_INDEX);
        TableReads.after(query, ItemKeys.FEED_PK, pk, ItemKeys.FEED_SK, afterPosition);
        return reads.query("Query of the feed of " + pk, query, limit, DynamoDbStepStore::feedEntry);
    }

    private static FeedEntry feedEntry(Map<String, AttributeValue> item) {
        try {
            return TableReads.readable(item, RecordItem::feedEntry);
        } catch (DamagedData e) { // where it is in the feed is known all the same
            return TableReads.readable(item, read -> unknownEnd(new Attributes(read)));
        }
    }

    private static FeedEntry unknownEnd(Attributes item) {
        return FeedEntry.unknown(ItemKeys.stepKey(item.text(ItemKeys.SK)), item.text(ItemKeys.FEED_SK));
    }

    @Override
    public void putPage(LogPage page) {
        String runId = page.id().runId();
        String stepKey = page.id().stepKey();
        Attributes item = new Attributes(
                        ItemKeys.pages(runId, page.shard()), ItemKeys.page(stepKey, page.attempt(), page.number()))
                .put(RecordItem.ATTEMPT, page.attempt())
                .put(WRITTEN_AT, page.at())
                .put(LINES, Attributes.ofBytes(CompactBytes.pack(Json.print(Json.array(page.lines())))))
                .put(ItemKeys.FEED_PK, ItemKeys.shard(runId, page.shard()))
                .put(ItemKeys.FEED_SK, FeedEntry.pagePosition(page.at(), stepKey, page.attempt(), page.number()))
                .put(TTL, expiryOfNeeded());
        AwsCalls.call(
                "PutItem of page " + page.number() + " of step " + page.id() + " attempt " + page.attempt(),
                () -> dynamoDb.putItem(request -> request.tableName(table).item(item.values())));
    }

    @Override
    public List<LogPage> pages(StepId id, int shard, int attempt) {
        QueryRequest.Builder query = QueryRequest.builder()
                .consistentRead(true)
                .keyConditionExpression("pk = :pk AND begins_with(sk, :prefix)")
                .expressionAttributeValues(Map.of(
                        ":pk", ofText(ItemKeys.pages(id.runId(), shard)),
                        ":prefix", ofText(ItemKeys.pagePrefix(id.stepKey(), attempt))));
        return reads.query(
                "Query of the pages of step " + id,
                query,
                Integer.MAX_VALUE,
                item -> TableReads.readable(item, read -> page(id, shard, attempt, new Attributes(read))));
    }

    private static LogPage page(StepId id, int shard, int attempt, Attributes item) {
        String sk = item.text(ItemKeys.SK);
        List<String> lines = new ArrayList<>();
        Json.parse(CompactBytes.text(item.bytes(LINES))).forEach(line -> lines.add(line.textValue()));
        int number = Integer.parseInt(sk.substring(sk.lastIndexOf('#') + 1));
        return new LogPage(id, shard, attempt, number, item.instant(WRITTEN_AT), lines);
    }

    private static Run readRun(Map<String, AttributeValue> read) {
        Attributes item = new Attributes(read);
        return new Run(
                ItemKeys.runId(item.text(ItemKeys.PK)),
                item.instant(CREATED_AT),
                item.integer(SHARDS),
                item.number(RecordItem.CANCEL_SEQ));
    }

    private static Run run(Map<String, AttributeValue> item) {
        return TableReads.readable(item, DynamoDbStepStore::readRun);
    }

    private static Dispatch dispatch(Map<String, AttributeValue> item) {
        return TableReads.readable(item, DispatchItem::read);
    }

    private static StepRecord record(Map<String, AttributeValue> item) {
        return TableReads.readable(item, RecordItem::read);
    }

    private static @Nullable StepRecord stored(Map<String, AttributeValue> item) {
        return item.isEmpty() ? null : record(item);
    }

    private long expiry() {
        return clock.instant().plus(retention).getEpochSecond();
    }

    /** Of what a dispatch needs. */
    private long expiryOfNeeded() {
        return clock.instant().plus(retention).plus(Retention.SPARE).getEpochSecond();
    }

    /** Empty if it was written; else what is stored instead, which is an empty map if nothing is. */
    private Optional<Map<String, AttributeValue>> put(
            String what, Attributes item, WriteCondition condition, long ttl) {
        PutItemRequest request = condition
                .on(PutItemRequest.builder())
                .tableName(table)
                .item(item.put(TTL, ttl).values())
                .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
                .build();
        return AwsCalls.call(what, () -> {
            try {
                dynamoDb.putItem(request);
                return Optional.empty();
            } catch (ConditionalCheckFailedException e) {
                return Optional.of(e.hasItem() ? e.item() : Map.of());
            }
        });
    }

    private Optional<Map<String, AttributeValue>> update(
            String runId, String expression, Map<String, String> names, Map<String, AttributeValue> values) {
        UpdateItemRequest request = UpdateItemRequest.builder()
                .tableName(table)
                .key(ItemKeys.of(ItemKeys.run(runId), ItemKeys.RUN_SK))
                .conditionExpression("attribute_exists(pk)")
                .updateExpression(expression)
                .expressionAttributeNames(names)
                .expressionAttributeValues(values)
                .returnValues(ReturnValue.ALL_NEW)
                .build();
        return AwsCalls.call("UpdateItem of run " + runId, () -> {
            try {
                return Optional.of(dynamoDb.updateItem(request).attributes());
            } catch (ConditionalCheckFailedException e) {
                return Optional.empty();
            }
        });
    }

    /** Items that a batch left unread were throttled: waits 50 ms, doubling, before they are read again. */
    private static void pause(int tries) {
        if (tries > 0) {
            try {
                Thread.sleep(BATCH_PAUSE.multipliedBy(1L << (tries - 1)));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PortException("interrupted while waiting to retry a BatchGetItem", e);
            }
        }
    }
}
