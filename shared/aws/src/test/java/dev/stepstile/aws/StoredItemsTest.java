package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.contracts.formats.Formats;
import dev.stepstile.contracts.formats.Specimens;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.RunPosition;
import dev.stepstile.simulatedaws.SimulatedTable;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Pause;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** A table as each released version left it is read by today's code, and today's items keep what older code reads. */
class StoredItemsTest {
    private static final String LEASE_OF_A_STEP = "1-lease-of-a-step";
    private static final String LEASE_OF_A_WORKER = "2-lease-of-a-worker";
    private static final String LIST_OF_RUNS = "8-list-of-runs";
    private static final Duration RETENTION = Duration.ofDays(30);
    private static final InstantSource CLOCK = InstantSource.fixed(Specimens.NOW);
    private static final String PAYLOAD = "shared/ab";
    private static final byte[] CONTENT = "{\"rates\":1}".getBytes(StandardCharsets.UTF_8);

    private final SimulatedTable table = new SimulatedTable(AwsResources.tableNamed("t"));
    private final DynamoDbStepStore store = new DynamoDbStepStore(table, "t", RETENTION, CLOCK);
    private final DynamoDbWorkerStore workers = new DynamoDbWorkerStore(table, "t", RETENTION, CLOCK);
    private final DynamoDbPayloadItems payloads = new DynamoDbPayloadItems(table, "t", RETENTION, CLOCK);

    private final DynamoDbPauseStore pauses = new DynamoDbPauseStore(table, "t");

    private static JsonNode fixture(String format) {
        return Json.parse(Formats.text(format, "items").orElseThrow());
    }

    private void load(String format) {
        for (JsonNode item : fixture(format)) {
            table.putItem(request -> request.tableName("t").item(item(item)));
        }
    }

    private static Map<String, AttributeValue> item(JsonNode node) {
        Map<String, AttributeValue> item = new HashMap<>();
        node.properties().forEach(attribute -> item.put(attribute.getKey(), value(attribute.getValue())));
        return item;
    }

    private static AttributeValue value(JsonNode node) {
        var one = node.properties().iterator().next();
        JsonNode value = one.getValue();
        return switch (one.getKey()) {
            case "S" -> AttributeValue.fromS(value.textValue());
            case "N" -> AttributeValue.fromN(value.textValue());
            case "BOOL" -> AttributeValue.fromBool(value.booleanValue());
            case "B" ->
                AttributeValue.fromB(SdkBytes.fromByteArray(Base64.getDecoder().decode(value.textValue())));
            case "M" -> AttributeValue.fromM(item(value));
            case "L" ->
                AttributeValue.fromL(
                        elements(value).stream().map(StoredItemsTest::value).toList());
            case "SS" ->
                AttributeValue.fromSs(
                        elements(value).stream().map(JsonNode::textValue).toList());
            default -> throw new AssertionError(one);
        };
    }

    private static List<JsonNode> elements(JsonNode array) {
        List<JsonNode> elements = new ArrayList<>();
        array.forEach(elements::add);
        return elements;
    }

    @ParameterizedTest
    @ValueSource(strings = {LEASE_OF_A_STEP, LEASE_OF_A_WORKER, LIST_OF_RUNS})
    void are_read_as_what_they_hold(String format) {
        load(format);
        Run run = Specimens.run();
        assertThat(store.run(run.runId())).contains(new Run(run.runId(), run.createdAt(), run.shards(), 1));
        StepRecord running = format.equals(LEASE_OF_A_STEP) ? Specimens.leased() : Specimens.running();
        List<StepRecord> records = new ArrayList<>(Specimens.records());
        records.add(running);
        for (StepRecord record : records) {
            assertThat(store.record(record.id(), record.shard())).contains(record);
        }
        assertThat(store.pages(Specimens.page().id(), Specimens.page().shard(), 1))
                .containsExactly(Specimens.page());
        assertThat(store.putRedriveIfAbsent(Specimens.redrive())).contains(Specimens.redrive());
        assertThat(payloads.get(PAYLOAD)).contains(CONTENT);
        Dispatch dispatch = Specimens.dispatch();
        Optional<Dispatch> read = store.dispatch(dispatch.runId(), dispatch.dispatchId());
        assertThat(read.map(Dispatch::accepted)).contains(dispatch.accepted());
        assertThat(read.map(Dispatch::refresh)).contains(dispatch.refresh());
        assertThat(read.map(Dispatch::schedule)).contains(dispatch.schedule());
        assertThat(read.map(found -> found.progress().reading()))
                .contains(
                        format.equals(LEASE_OF_A_STEP)
                                ? Dispatch.Reading.UNREAD
                                : dispatch.progress().reading());
        assertThat(store.due(dispatch.openBucket(), Specimens.NOW.plusSeconds(900), 9))
                .containsExactly(dispatch.id());
    }

    /** A version that knows no notifications takes the time of the next try for that of the next sweep. */
    @Test
    void of_a_dispatch_that_owes_a_notification_have_it_beside_what_they_had_before() {
        Dispatch closed = Specimens.dispatch()
                .swept(Specimens.dispatch().progress(), false, Specimens.NOW, null)
                .notifying(Specimens.notification());
        assertThat(store.putDispatchIfAbsent(closed)).isEmpty();
        Map<String, AttributeValue> item = table.getItem(request -> request.tableName("t")
                        .key(ItemKeys.of("run#" + closed.runId(), "dispatch#" + closed.dispatchId())))
                .item();
        assertThat(item.getOrDefault("no", AttributeValue.fromNul(true)).s())
                .isEqualTo(Formats.text("6-notification", "notification").orElseThrow());
        assertThat(item.getOrDefault("nextSweepAt", AttributeValue.fromNul(true))
                        .n())
                .isEqualTo(Long.toString(Specimens.NOW.plusSeconds(360).toEpochMilli()));
        assertThat(store.dispatch(closed.runId(), closed.dispatchId())).contains(closed);
    }

    @ParameterizedTest
    @ValueSource(strings = {LEASE_OF_A_STEP, LEASE_OF_A_WORKER})
    void of_steps_that_ended_are_in_the_feed(String format) {
        load(format);
        Map<String, StepState.Name> ended = new TreeMap<>();
        for (int shard = 0; shard < Specimens.SHARDS; shard++) {
            for (FeedEntry entry : store.feed(Specimens.RUN, shard, null, 100)) {
                if (entry instanceof FeedEntry.Ended end) {
                    ended.put(end.stepKey(), end.state());
                }
            }
        }
        Map<String, StepState.Name> records = new TreeMap<>();
        Specimens.records().stream()
                .filter(record -> record.state() instanceof StepState.Ended)
                .forEach(record ->
                        records.put(record.id().stepKey(), record.state().name()));
        assertThat(ended).isEqualTo(records);
    }

    @ParameterizedTest
    @ValueSource(strings = {LEASE_OF_A_STEP, LEASE_OF_A_WORKER})
    void of_a_run_that_was_in_no_list_are_listed_once_the_run_is_kept(String format) {
        load(format);
        assertThat(store.runs(null, 9)).isEmpty();
        store.keepRun(Specimens.RUN);
        assertThat(store.runs(null, 9)).containsExactly(RunPosition.of(Specimens.run()));
    }

    @Test
    void of_a_worker_are_read_with_the_cancels_that_it_is_asked_for() {
        load(LEASE_OF_A_WORKER);
        assertThat(workers.worker(Specimens.WORKER)).contains(Specimens.worker());
        WorkerRecord next = Specimens.worker().withBeat(Specimens.NOW.plusSeconds(60), new TreeMap<>());
        assertThat(workers.renew(next)).contains(Set.of(Specimens.running().id()));
    }

    @ParameterizedTest
    @MethodSource("withPauses")
    void of_pauses_are_read_as_what_they_hold(String format) {
        for (JsonNode item : Json.parse(Formats.text(format, "pauses").orElseThrow())) {
            table.putItem(request -> request.tableName("t").item(item(item)));
        }
        assertThat(pauses.pauses()).isEqualTo(Specimens.pauses());
    }

    static List<String> withPauses() {
        return Formats.of("pauses");
    }

    @Test
    void of_pauses_of_today_are_those_of_the_newest_fixture() {
        for (Pause pause : Specimens.pauses()) {
            Pause first = Pause.first(pause.scope(), pause.pausedAt(), pause.reason());
            assertThat(pauses.replace(first)).isTrue();
            assertThat(pause.equals(first) || pauses.replace(pause)).isTrue();
        }
        String newest = Formats.of("pauses").getLast();
        List<JsonNode> written = new ArrayList<>();
        items("pauses").forEach(item -> written.add(node(item)));
        assertThat(written)
                .as("items of pauses, which changed since %s: see the README of the fixtures", newest)
                .containsExactlyElementsOf(
                        elements(Json.parse(Formats.text(newest, "pauses").orElseThrow())));
    }

    private List<Map<String, AttributeValue>> items(String partition) {
        return table.query(request -> request.tableName("t")
                        .keyConditionExpression("pk = :pk")
                        .expressionAttributeValues(Map.of(":pk", AttributeValue.fromS(partition))))
                .items();
    }

    /** What today's code writes of the same values. */
    private ArrayNode today() {
        store.putRunIfAbsent(Specimens.run());
        store.raiseCancelSeq(Specimens.RUN);
        store.putDispatchIfAbsent(Specimens.dispatch());
        store.write(Specimens.running(), new Precondition.Absent());
        Specimens.records().forEach(record -> store.write(record, new Precondition.Absent()));
        store.putPage(Specimens.page());
        store.putRedriveIfAbsent(Specimens.redrive());
        payloads.put(PAYLOAD, CONTENT);
        WorkerRecord worker = Specimens.worker();
        workers.start(beat(worker, 0));
        workers.renew(beat(worker, 1));
        workers.renew(worker);
        workers.askToCancel(worker.id(), Specimens.running().id());
        List<String> partitions = new ArrayList<>(List.of(ItemKeys.run(Specimens.RUN)));
        for (int shard = 0; shard < Specimens.SHARDS; shard++) {
            partitions.add(ItemKeys.shard(Specimens.RUN, shard));
        }
        for (int bucket = 0; bucket < WorkerRecord.BUCKETS; bucket++) {
            partitions.add("workers#" + bucket);
        }
        partitions.add(ItemKeys.pages(Specimens.RUN, Specimens.page().shard()));
        partitions.add("payload#" + PAYLOAD);
        ArrayNode all = Json.mapper().createArrayNode();
        for (String partition : partitions) {
            items(partition).forEach(item -> all.add(node(item)));
        }
        return all;
    }

    private static WorkerRecord beat(WorkerRecord worker, int beat) {
        return new WorkerRecord(worker.id(), worker.steps(), beat, Specimens.NOW, null, new TreeMap<>());
    }

    private static ObjectNode node(Map<String, AttributeValue> item) {
        ObjectNode node = Json.object();
        new TreeMap<>(item).forEach((name, value) -> node.set(name, node(value)));
        return node;
    }

    private static ObjectNode node(AttributeValue value) {
        ObjectNode node = Json.object();
        switch (value.type()) {
            case S -> node.put("S", value.s());
            case N -> node.put("N", value.n());
            case BOOL -> node.put("BOOL", value.bool());
            case B -> node.put("B", Base64.getEncoder().encodeToString(value.b().asByteArray()));
            case M -> node.set("M", node(value.m()));
            case L -> value.l().forEach(each -> node.withArray("L").add(node(each)));
            case SS -> value.ss().forEach(each -> node.withArray("SS").add(each));
            case NS, BS, NUL, UNKNOWN_TO_SDK_VERSION -> throw new AssertionError(value);
        }
        return node;
    }

    @Test
    void of_today_are_those_of_the_newest_fixture() {
        String newest = Formats.of("items").getLast();
        List<JsonNode> fixture = elements(fixture(newest));
        assertThat(elements(today()))
                .as("items, which changed since %s: see the README of the fixtures", newest)
                .containsExactlyElementsOf(fixture);
    }

    /** Else an older function, after a rollback or beside a newer one, cannot read them. */
    @Test
    void keep_each_attribute_that_the_version_before_wrote_and_so_may_need() {
        Map<String, JsonNode> after = byKey(fixture(LEASE_OF_A_WORKER));
        List<String> lost = new ArrayList<>();
        byKey(fixture(LEASE_OF_A_STEP)).forEach((key, before) -> {
            JsonNode now = after.get(key.replace("leased", "running"));
            if (now == null) {
                throw new AssertionError("there is no " + key);
            }
            Formats.lost(before, now).forEach(path -> lost.add(key + path));
        });
        Map<String, JsonNode> listed = byKey(fixture(LIST_OF_RUNS));
        after.forEach((key, before) -> Formats.lost(before, listed.getOrDefault(key, Json.object()))
                .forEach(path -> lost.add("listed " + key + path)));
        StepId leased = Specimens.leased().id();
        assertThat(lost)
                .containsExactlyInAnyOrder(
                        Specimens.RUN + "/" + leased.stepKey() + "/p", // an attempt's progress, absent is none
                        Specimens.RUN + "/" + leased.stepKey() + "/pn",
                        Specimens.RUN + "/dispatch#d-1/sw"); // the last sweep, absent is none
    }

    private static Map<String, JsonNode> byKey(JsonNode items) {
        Map<String, JsonNode> byKey = new TreeMap<>();
        for (JsonNode item : items) {
            String sk = item.path("sk").path("S").textValue();
            byKey.put(Specimens.RUN + "/" + sk, item);
        }
        return byKey;
    }
}
