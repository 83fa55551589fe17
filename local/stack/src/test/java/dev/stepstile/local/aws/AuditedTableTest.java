package dev.stepstile.local.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.aws.AwsClients;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.emulators.HiddenLoopback;
import dev.stepstile.handlers.Echo;
import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.AttemptRunner;
import dev.stepstile.usecase.AuditRounds;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.HandlerOutput;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.LiveAudit;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Timing;
import dev.stepstile.usecase.Violation;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** What a hand in the console may do to the items of a run that has ended, and what the auditor says. */
@Tag("integration")
@SuppressWarnings("NullAway.Init") // its one test starts the emulators
class AuditedTableTest {
    private static final String MEDIUM = "\"" + "0123456789abcdef".repeat(500) + "\"";
    private static final Timing TIMING =
            Timing.of(Duration.ofSeconds(15), Duration.ofSeconds(5), Duration.ofSeconds(2), Duration.ofSeconds(30));

    @TempDir
    Path folder;

    private Duration ahead = Duration.ZERO;

    private final Set<Violation.Kind> seen = EnumSet.noneOf(Violation.Kind.class);

    private EmulatedAws aws;
    private DynamoDbClient dynamoDb;
    private Stepstile stepstile;

    private static Dispatcher.NewStep step(String key, String input) {
        return new Dispatcher.NewStep(
                key, "stepstile.echo", input, RetryPolicy.DEFAULT, Duration.ofMinutes(5), new TreeMap<>());
    }

    private void ends(String run) throws InterruptedException {
        ends(run, 5);
    }

    /** Steps {@code small}, {@code item} and others; their dispatch is closed. */
    private void ends(String run, int others) throws InterruptedException {
        List<Dispatcher.NewStep> steps = new ArrayList<>(List.of(step("small", "1"), step("item", MEDIUM)));
        IntStream.range(0, others).forEach(i -> steps.add(step("s" + i, "{}")));
        stepstile.dispatcher(Shards.DEFAULT).dispatch(new Dispatcher.Request(run, "d1", steps, new TreeMap<>()));
        for (int done = 0; done < steps.size(); ) {
            List<Delivery> batch = aws.ports().queue().receive(10, Duration.ofSeconds(2));
            stepstile
                    .execution(new Handlers(List.of(new Echo())), HandlerOutput.UNCAPTURED, AttemptRunner.DIRECT)
                    .execute(batch, Instant.now().plus(ahead).plus(Duration.ofMinutes(5)));
            aws.ports().queue().delete(batch.stream().map(Delivery::receipt).toList());
            done += batch.size();
        }
        for (int sweeps = 0;
                sweeps < 5
                        && !aws.ports()
                                .store()
                                .dispatch(run, "d1")
                                .orElseThrow()
                                .closed();
                sweeps++) {
            ahead = ahead.plus(Duration.ofMinutes(2));
            stepstile.sweep().sweep(Instant.now().plus(ahead).plus(Duration.ofSeconds(50)));
        }
        assertThat(aws.ports().store().dispatch(run, "d1").orElseThrow().closed())
                .isTrue();
        assertThat(audit(run)).isEmpty();
    }

    private List<String> audit(String run) throws InterruptedException {
        LiveAudit.Page page = stepstile.audit().look(run, null).orElseThrow();
        List<Violation> found = new ArrayList<>(page.violations());
        assertThat(page.next()).isNull();
        if (page.again() != null) {
            ahead = ahead.plus(LiveAudit.LOOK_AGAIN_AFTER);
            found.addAll(
                    stepstile.audit().lookAgain(run, page.again()).orElseThrow().violations());
        }
        found.forEach(each -> seen.add(each.kind()));
        return found.stream().map(each -> each.kind() + " " + each.stepKey()).toList();
    }

    private Map<String, AttributeValue> key(String pk, String sk) {
        return Map.of("pk", AttributeValue.fromS(pk), "sk", AttributeValue.fromS(sk));
    }

    private Map<String, AttributeValue> record(String run, String stepKey) {
        return key("run#" + run + "#" + Shards.of(stepKey, Shards.DEFAULT), stepKey);
    }

    private String table() {
        return String.valueOf(aws.variables().get("STEPSTILE_TABLE"));
    }

    private void delete(Map<String, AttributeValue> key) {
        assertThat(dynamoDb.getItem(get -> get.tableName(table()).key(key)).item())
                .isNotEmpty();
        dynamoDb.deleteItem(delete -> delete.tableName(table()).key(key));
    }

    private void alter(String run, String attribute, AttributeValue value) {
        alter(record(run, "small"), attribute, value);
    }

    private void alter(Map<String, AttributeValue> key, String attribute, AttributeValue value) {
        dynamoDb.updateItem(update -> update.tableName(table())
                .key(key)
                .updateExpression("SET #a = :v")
                .expressionAttributeNames(Map.of("#a", attribute))
                .expressionAttributeValues(Map.of(":v", value)));
    }

    private static String key(Payload payload) {
        return switch (payload) {
            case Payload.Item item -> item.key();
            case Payload.Stored stored -> stored.key();
            case Payload.Inline inline -> throw new AssertionError("inline: " + inline);
        };
    }

    @Test
    void each_change_by_hand_is_found_but_that_of_a_result_of_which_there_is_no_copy() throws InterruptedException {
        try (EmulatedAws started = EmulatedAws.start(
                        HiddenLoopback.address(),
                        folder,
                        folder.resolve("state"),
                        false,
                        TIMING,
                        Duration.ofMinutes(2),
                        line -> {});
                DynamoDbClient client = AwsClients.dynamoDb(builder -> builder.endpointOverride(
                                URI.create(started.variables().get("STEPSTILE_DYNAMODB_ENDPOINT")))
                        .region(Region.of(started.variables().get("AWS_REGION")))
                        .credentialsProvider(
                                StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"))))) {
            aws = started;
            dynamoDb = client;
            stepstile = new Stepstile(
                    aws.ports(), TIMING, JvmRuntime.create(() -> Instant.now().plus(ahead)), new InMemoryMeter());
            recordsAreHeld();
            feedIsHeld();
            payloadsAreHeld();
            recordsAreHeldAgainstTheirDispatch();
            dispatchesAreHeld();
            readsAreCounted();
            aRoundWritesHowFarItCame();
            aRunWithoutItsPlaceHidesNoOther();
        }
        assertThat(seen).isEqualTo(EnumSet.allOf(Violation.Kind.class));
    }

    private void recordsAreHeld() throws InterruptedException {
        ends("deleted");
        delete(record("deleted", "small"));
        assertThat(audit("deleted")).containsExactly("RECORD_MISSING small");

        ends("attempt");
        alter("attempt", "b", AttributeValue.fromN("7"));
        assertThat(audit("attempt")).contains("ATTEMPTS_IMPOSSIBLE small").doesNotContain("ATTEMPTS_IMPOSSIBLE item");

        ends("unreadable");
        alter("unreadable", "pages", AttributeValue.fromS("two"));
        assertThat(audit("unreadable")).containsExactly("RECORD_DAMAGED small");

        ends("result");
        StepId id = new StepId("result", "small");
        assertThat(aws.ports()
                        .store()
                        .record(id, Shards.of("small", Shards.DEFAULT))
                        .orElseThrow()
                        .state())
                .isInstanceOfSatisfying(
                        StepState.Succeeded.class,
                        succeeded -> assertThat(succeeded.result()).isEqualTo(new Payload.Inline("1")));
        alter("result", "result", AttributeValue.fromB(SdkBytes.fromByteArray(new byte[] {0, '2'})));
        assertThat(aws.ports()
                        .store()
                        .record(id, Shards.of("small", Shards.DEFAULT))
                        .orElseThrow()
                        .state())
                .isInstanceOfSatisfying(
                        StepState.Succeeded.class,
                        succeeded -> assertThat(succeeded.result()).isEqualTo(new Payload.Inline("2")));
        assertThat(audit("result")).isEmpty();
    }

    private void feedIsHeld() throws InterruptedException {
        ends("hidden");
        dynamoDb.updateItem(update ->
                update.tableName(table()).key(record("hidden", "small")).updateExpression("REMOVE feedPk, feedSk"));
        assertThat(audit("hidden")).containsExactly("FEED_MISSING small");

        ends("moved");
        alter("moved", "feedSk", AttributeValue.fromS("0000000000001#small#1"));
        assertThat(audit("moved")).containsExactly("FEED_MISSING small");

        ends("later");
        alter("later", "feedSk", AttributeValue.fromS("4000000000000#small#1"));
        assertThat(audit("later")).containsExactly("FEED_WRONG small");
    }

    private void payloadsAreHeld() throws InterruptedException {
        ends("payload", 100); // a manifest of so many is an item of its own
        StepId id = new StepId("payload", "item");
        StepState.Succeeded end = (StepState.Succeeded) aws.ports()
                .store()
                .record(id, Shards.of("item", Shards.DEFAULT))
                .orElseThrow()
                .state();
        delete(key("payload#" + key(end.result()), "payload"));
        assertThat(audit("payload")).containsExactly("PAYLOAD_MISSING item");

        String manifest = key(aws.ports()
                .store()
                .dispatch("payload", "d1")
                .orElseThrow()
                .accepted()
                .manifest());
        delete(key("payload#" + manifest, "payload"));
        assertThat(audit("payload")).containsExactly("MANIFEST_MISSING null");
    }

    private void recordsAreHeldAgainstTheirDispatch() throws InterruptedException {
        String run = "by-hand";
        ends(run);
        alter(record(run, "s0"), "i", AttributeValue.fromN("3"));
        alter(record(run, "s1"), "d", AttributeValue.fromS("d0"));
        alter(record(run, "s2"), "c", AttributeValue.fromN("4"));
        alter(record(run, "s3"), "nb", AttributeValue.fromN("1"));
        alter(record(run, "s3"), "state", AttributeValue.fromS("RETRYING"));
        alter(record(run, "s4"), "ek", AttributeValue.fromS("PAYLOAD_MISSING"));
        alter(record(run, "s4"), "em", AttributeValue.fromS("gone"));
        alter(record(run, "s4"), "state", AttributeValue.fromS("DEAD"));
        StepState.Succeeded end = (StepState.Succeeded) aws.ports()
                .store()
                .record(new StepId(run, "item"), Shards.of("item", Shards.DEFAULT))
                .orElseThrow()
                .state();
        alter(
                key("payload#" + key(end.result()), "payload"),
                "b",
                AttributeValue.fromB(SdkBytes.fromUtf8String("\0\"y\"")));
        assertThat(audit(run))
                .contains(
                        "RECORD_MISPLACED s0",
                        "RECORD_WITHOUT_DISPATCH s1",
                        "CANCEL_UNKNOWN s2",
                        "STEP_OPEN s3",
                        "DEAD_LETTER_UNMARKED s4",
                        "PAYLOAD_ALTERED item")
                .noneMatch(each -> each.endsWith(" small"));
    }

    private static AttributeValue counts(String... each) {
        Map<String, AttributeValue> counts = new TreeMap<>();
        for (int i = 0; i < each.length; i += 2) {
            counts.put(each[i], AttributeValue.fromN(each[i + 1]));
        }
        return AttributeValue.fromM(counts);
    }

    private void dispatchesAreHeld() throws InterruptedException {
        String run = "dispatch";
        ends(run);
        Map<String, AttributeValue> dispatch = key("run#" + run, "dispatch#d1");
        alter(dispatch, "fc", counts("SUCCEEDED", "6", "DEAD", "1"));
        assertThat(audit(run)).containsExactly("COUNTS_WRONG null");
        alter(dispatch, "fc", counts("SUCCEEDED", "9"));
        assertThat(audit(run)).contains("DISPATCH_WRONG null");
        alter(dispatch, "fc", counts("SUCCEEDED", "7"));
        alter(dispatch, "mf", AttributeValue.fromB(SdkBytes.fromUtf8String("\0{\"v\":9}")));
        assertThat(audit(run)).containsExactly("MANIFEST_UNREADABLE null");
        alter(dispatch, "n", AttributeValue.fromS("seven"));
        assertThat(audit(run)).containsExactly("DISPATCHES_DAMAGED null");
    }

    private record Calls(LiveAudit.Page page, AwsUsage.Usage used) {
        /** Queries, and items and objects that are read alone: what the look says that it read beside the records. */
        long besideRecords() {
            return Stream.of("DynamoDb.Query", "DynamoDb.GetItem", "S3.GetObject")
                    .mapToLong(operation -> used.requests().getOrDefault(operation, 0L))
                    .sum();
        }
    }

    private Calls look(String run) throws InterruptedException {
        AwsUsage.Usage before = aws.usage().soFar();
        LiveAudit.Page page = stepstile.audit().look(run, null).orElseThrow();
        return new Calls(page, aws.usage().soFar().since(before));
    }

    private void readsAreCounted() throws InterruptedException {
        for (int steps : List.of(2, 9, 10, 30)) {
            String run = "reads-" + steps;
            ends(run, steps - 2);
            Calls calls = look(run);
            for (int again = 0;
                    again < 3 && calls.besideRecords() != calls.page().reads() - steps;
                    again++) {
                calls = look(run); // a call was tried twice, as the machine was busy
            }
            assertThat(calls.besideRecords()).as(run).isEqualTo(calls.page().reads() - steps);
            assertThat(calls.page().reads()).as(run).isLessThanOrEqualTo(steps < 10 ? 2 * steps + 2 : 2 * steps);
            assertThat(calls.used().allWriteUnits()).as("it writes nothing").isZero();
        }
    }

    /** Of each run of this test, most of which are corrupt. */
    private void aRoundWritesHowFarItCame() throws InterruptedException {
        AwsUsage.Usage before = aws.usage().soFar();
        AuditRounds.Answer answer =
                stepstile.auditRounds().audit(Instant.now().plus(ahead).plus(Duration.ofSeconds(60)));
        AwsUsage.Usage used = aws.usage().soFar().since(before);
        assertThat(answer)
                .isInstanceOfSatisfying(
                        AuditRounds.Answer.Done.class,
                        done -> assertThat(done.report().looked().runs()).isGreaterThan(10));
        Map<String, Long> calls = new TreeMap<>(used.requests());
        calls.values().removeIf(count -> count == 0);
        assertThat(calls.keySet())
                .contains("DynamoDb.Query", "DynamoDb.BatchGetItem", "DynamoDb.PutItem")
                .isSubsetOf(
                        "DynamoDb.Query",
                        "DynamoDb.BatchGetItem",
                        "DynamoDb.GetItem",
                        "DynamoDb.PutItem",
                        "S3.GetObject",
                        "S3.HeadObject");
        assertThat(calls.get("DynamoDb.PutItem"))
                .as("when it begins and when it ends; either is tried again if the machine is busy")
                .isBetween(2L, 4L);
        assertThat(dynamoDb.getItem(get -> get.tableName(table()).key(key("payload#audit/progress", "payload")))
                        .item())
                .isNotEmpty();
    }

    private void aRunWithoutItsPlaceHidesNoOther() throws InterruptedException {
        alter(key("run#later", "run"), "feedSk", AttributeValue.fromS("first"));
        assertThat(aws.ports().store().runs(null, 100))
                .extracting(RunPosition::runId)
                .contains("result", "moved")
                .doesNotContain("later");
        assertThat(stepstile.auditRounds().audit(Instant.now().plus(ahead).plus(Duration.ofSeconds(60))))
                .isInstanceOf(AuditRounds.Answer.Done.class);
    }
}
