package dev.stepstile.functions.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.PayloadJson;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.AttemptFailed;
import dev.stepstile.usecase.StepAttempt;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;
import software.amazon.lambda.powertools.idempotency.IdempotencyConfig;
import software.amazon.lambda.powertools.idempotency.exceptions.IdempotencyItemAlreadyExistsException;
import software.amazon.lambda.powertools.idempotency.exceptions.IdempotencyItemNotFoundException;
import software.amazon.lambda.powertools.idempotency.persistence.BasePersistenceStore;
import software.amazon.lambda.powertools.idempotency.persistence.DynamoDBPersistenceStore;

/**
 * A zombie is a worker whose lease expired, and which comes back after another worker has done its step. The same calls,
 * those by which Powertools runs an attempt, are made to Powertools' own store and to Stepstile's.
 */
class ZombieTest {
    private static final JsonNode KEY = TextNode.valueOf("r/s");

    private final Instant begin = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    private final Instant later = begin.plusSeconds(10);

    /** A worker at the same step as another. */
    interface Attempt {
        void begin(Instant now) throws IdempotencyItemAlreadyExistsException;

        void succeed(String result, Instant now);

        void fail();
    }

    @Nested
    class Powertools_own_store {
        private final BasePersistenceStore store = DynamoDBPersistenceStore.builder()
                .withTableName("idempotency")
                .withDynamoDbClient(new OneItem())
                .build();

        @BeforeEach
        void configure() {
            // The record of a worker that is gone must expire: its "in progress" never does, being kept in milliseconds
            // and
            // compared with seconds in this version.
            store.configure(
                    IdempotencyConfig.builder()
                            .withExpiration(Duration.ofSeconds(5))
                            .build(),
                    "step");
        }

        @Test
        void lets_a_zombie_overwrite_the_result() throws Exception {
            Attempt zombie = attempt();
            zombie.begin(begin);
            Attempt winner = attempt();
            winner.begin(later);
            winner.succeed("the winner's", later);
            zombie.succeed("the zombie's", later);
            assertThat(store.getRecord(KEY, later).getResponseData()).isEqualTo("the zombie's");
        }

        @Test
        void lets_the_failure_of_a_zombie_delete_the_result() throws Exception {
            Attempt zombie = attempt();
            zombie.begin(begin);
            Attempt winner = attempt();
            winner.begin(later);
            winner.succeed("the winner's", later);
            zombie.fail();
            assertThatThrownBy(() -> store.getRecord(KEY, later)).isInstanceOf(IdempotencyItemNotFoundException.class);
            attempt().begin(later); // and the step runs a third time
        }

        private Attempt attempt() {
            return new Attempt() {
                @Override
                public void begin(Instant now) throws IdempotencyItemAlreadyExistsException {
                    store.saveInProgress(KEY, now, OptionalInt.of(1_000));
                }

                @Override
                public void succeed(String result, Instant now) {
                    store.saveSuccess(KEY, result, now);
                }

                @Override
                public void fail() {
                    store.deleteRecord(KEY, new IllegalStateException("broken"));
                }
            };
        }
    }

    @Nested
    class Our_store {
        @TempDir
        Path folder;

        private final AtomicReference<Instant> clock = new AtomicReference<>(begin);
        private final BasePersistenceStore store = new FencedIdempotency.Store();
        private EmbeddedPorts embedded;

        @BeforeEach
        void open() {
            embedded = EmbeddedPorts.open(folder.resolve("state"), Duration.ofSeconds(30), clock::get);
        }

        @AfterEach
        void close() {
            embedded.close();
        }

        @Test
        void refuses_the_result_of_a_zombie() throws Exception {
            Attempt zombie = attempt();
            zombie.begin(begin);
            Attempt winner = attempt();
            winner.begin(later);
            winner.succeed("the winner's", later);
            zombie.succeed("the zombie's", later);
            assertThat(result()).isEqualTo(new Payload.Inline("\"the winner's\""));
        }

        @Test
        void refuses_the_failure_of_a_zombie() throws Exception {
            Attempt zombie = attempt();
            zombie.begin(begin);
            Attempt winner = attempt();
            winner.begin(later);
            winner.succeed("the winner's", later);
            zombie.fail();
            assertThat(result()).isEqualTo(new Payload.Inline("\"the winner's\""));
            assertThatThrownBy(() -> attempt().begin(later)).isInstanceOf(IdempotencyItemAlreadyExistsException.class);
        }

        private @Nullable Payload result() {
            return embedded.ports()
                                    .store()
                                    .record(new StepId("r", "s"), 0)
                                    .orElseThrow()
                                    .state()
                            instanceof StepState.Succeeded(Payload result, Instant _)
                    ? result
                    : null;
        }

        /** Not yet begun. The attempt of a step whose worker is lost is a suspect's; it runs once to be found so. */
        private Attempt attempt() throws InterruptedException {
            AtomicReference<@Nullable StepAttempt> led = new AtomicReference<>();
            boolean suspect = embedded.ports()
                    .store()
                    .record(new StepId("r", "s"), 0)
                    .filter(record -> record.state() instanceof StepState.Running)
                    .isPresent();
            if (suspect) {
                clock.set(later);
            }
            Worker.withoutHeartbeats(embedded.ports(), clock::get, () -> {
                        throw new IllegalStateException("broken");
                    })
                    .execute(
                            attempt -> {
                                if (led.getAndSet(attempt) == null && suspect) {
                                    assertThat(attempt.claim()).isFalse();
                                }
                            },
                            Worker.step("s", 3));
            StepAttempt attempt = Objects.requireNonNull(led.get());
            return new Attempt() {
                @Override
                public void begin(Instant now) throws IdempotencyItemAlreadyExistsException {
                    clock.set(now);
                    ScopedValue.where(FencedIdempotency.CURRENT, attempt).call(() -> {
                        store.saveInProgress(KEY, now, OptionalInt.of(1_000));
                        return true;
                    });
                }

                @Override
                public void succeed(String result, Instant now) {
                    String stored =
                            Json.print(PayloadJson.write(new Payload.Inline(Json.print(TextNode.valueOf(result)))));
                    ScopedValue.where(FencedIdempotency.CURRENT, attempt)
                            .run(() -> store.saveSuccess(KEY, stored, now));
                }

                @Override
                public void fail() {
                    try {
                        attempt.work();
                    } catch (AttemptFailed failed) {
                        ScopedValue.where(FencedIdempotency.CURRENT, attempt)
                                .run(() -> store.deleteRecord(KEY, failed));
                    }
                }
            };
        }
    }

    /** As much of DynamoDB as the stock store asks for: items by id, and the one condition that it puts. */
    private static final class OneItem implements DynamoDbClient {
        private final Map<AttributeValue, Map<String, AttributeValue>> items = new ConcurrentHashMap<>();

        @Override
        public PutItemResponse putItem(PutItemRequest request) {
            assertThat(request.conditionExpression())
                    .isEqualTo("attribute_not_exists(#id) OR #expiry < :now OR (attribute_exists(#in_progress_expiry)"
                            + " AND #in_progress_expiry < :now AND #status = :inprogress)");
            Map<String, AttributeValue> found = items.get(request.item().get("id"));
            if (found != null && !over(found, request)) {
                throw ConditionalCheckFailedException.builder().build();
            }
            items.put(Objects.requireNonNull(request.item().get("id")), request.item());
            return PutItemResponse.builder().build();
        }

        private static boolean over(Map<String, AttributeValue> found, PutItemRequest request) {
            Map<String, String> names = request.expressionAttributeNames();
            Map<String, AttributeValue> values = request.expressionAttributeValues();
            AttributeValue inProgressUntil = found.get(names.get("#in_progress_expiry"));
            return before(found.get(names.get("#expiry")), values.get(":now"))
                    || (inProgressUntil != null
                            && before(inProgressUntil, values.get(":now"))
                            && Objects.equals(found.get(names.get("#status")), values.get(":inprogress")));
        }

        private static boolean before(@Nullable AttributeValue a, @Nullable AttributeValue b) {
            return a != null && b != null && Long.parseLong(a.n()) < Long.parseLong(b.n());
        }

        @Override
        public UpdateItemResponse updateItem(UpdateItemRequest request) {
            assertThat(request.conditionExpression())
                    .as("the stock update has no condition")
                    .isNull();
            Map<String, AttributeValue> item = items.computeIfAbsent(
                    Objects.requireNonNull(request.key().get("id")), id -> new ConcurrentHashMap<>(request.key()));
            Map<String, AttributeValue> changed = new ConcurrentHashMap<>(item);
            for (String assignment :
                    request.updateExpression().substring("SET ".length()).split(", ", -1)) {
                String[] sides = assignment.split(" = ", -1);
                changed.put(
                        request.expressionAttributeNames().getOrDefault(sides[0], sides[0]),
                        Objects.requireNonNull(
                                request.expressionAttributeValues().get(sides[1])));
            }
            items.put(Objects.requireNonNull(request.key().get("id")), changed);
            return UpdateItemResponse.builder().build();
        }

        @Override
        public DeleteItemResponse deleteItem(DeleteItemRequest request) {
            assertThat(request.conditionExpression())
                    .as("the stock delete has no condition")
                    .isNull();
            items.remove(request.key().get("id"));
            return DeleteItemResponse.builder().build();
        }

        @Override
        public GetItemResponse getItem(GetItemRequest request) {
            Map<String, AttributeValue> item = items.get(request.key().get("id"));
            return item == null
                    ? GetItemResponse.builder().build()
                    : GetItemResponse.builder().item(item).build();
        }

        @Override
        public String serviceName() {
            return "dynamodb";
        }

        @Override
        public void close() {}
    }
}
