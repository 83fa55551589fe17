package dev.stepstile.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.contracts.Samples;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.port.PortException;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepTags;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.StepRecorder;
import dev.stepstile.usecase.StepRecorder.Recorded;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;

/** A response that is lost after the write committed neither loses what was written nor repeats it. */
@Tag("integration")
class LostResponseTest {
    private static final Duration LEASE = Duration.ofSeconds(60);
    private static final int SHARD = 3;

    private final Loser loser = new Loser();
    private final AwsUsage usage = new AwsUsage();
    private final InMemoryMeter tally = new InMemoryMeter();
    private final EngineRuntime runtime = JvmRuntime.create();
    private final DynamoDbStepStore store = new DynamoDbStepStore(
            Emulated.dynamoDb(loser, usage), Emulated.TABLE, Duration.ofDays(30), InstantSource.system());
    private final StepRecorder recorder = new StepRecorder(store, runtime, tally);
    private final StepId id = new StepId(Samples.runId(), "a");

    @BeforeAll
    static void makeTable() {
        Emulated.resources(LEASE);
    }

    /** Loses the next responses to writes, after DynamoDB has carried them out. */
    private static final class Loser implements ExecutionInterceptor {
        private int left;

        void lose(int responses) {
            left = responses;
        }

        @Override
        public SdkResponse modifyResponse(Context.ModifyResponse context, ExecutionAttributes attributes) {
            if (context.response() instanceof PutItemResponse && left > 0) {
                left--;
                throw SdkClientException.create("the connection broke before the response was read");
            }
            return context.response();
        }
    }

    private StepEvent.Claim claim(String owner) {
        StepSpec spec = new StepSpec(
                id,
                SHARD,
                Samples.settings(),
                new Payload.Inline("{}"),
                new TreeMap<>(),
                StepTags.NONE,
                Instant.now().plus(Duration.ofDays(14)));
        return new StepEvent.Claim(spec, owner, Instant.now().plus(LEASE), true);
    }

    private StepRecord stored() {
        return store.record(id, SHARD).orElseThrow();
    }

    private Instant soon() {
        return runtime.now().plusSeconds(10);
    }

    @Test
    void a_claim_whose_response_is_lost_is_found_to_be_ones_own() {
        loser.lose(1);
        assertThat(recorder.apply(id, null, claim("mine"), soon()))
                .isInstanceOfSatisfying(
                        Recorded.Wrote.class,
                        wrote -> assertThat(wrote.record()).isEqualTo(stored()));
        assertThat(stored().attempt()).isEqualTo(1);
        assertThat(tally.of(Metric.STEPS_CLAIMED)).isEqualTo(1);
        assertThat(tally.of(Metric.DUPLICATES_SUPPRESSED)).isZero();
        assertThat(usage.soFar().refusedWrites())
                .as("the second try is refused by the first")
                .isEqualTo(1);
    }

    @Test
    void a_result_whose_response_is_lost_is_recorded_once() {
        recorder.apply(id, null, claim("mine"), soon());
        StepRecord claimed = stored();
        loser.lose(2);
        Payload result = new Payload.Inline("{\"n\":1}");
        assertThat(recorder.apply(id, claimed, new StepEvent.Succeed(1, "mine", result, 0), soon()))
                .isInstanceOf(Recorded.Wrote.class);
        assertThat(stored().state())
                .isInstanceOfSatisfying(
                        StepState.Succeeded.class,
                        succeeded -> assertThat(succeeded.result()).isEqualTo(result));
        assertThat(store.feed(id.runId(), SHARD, null, 10)).hasSize(1);
        assertThat(tally.of(Metric.STEPS_SUCCEEDED)).isEqualTo(1);
        assertThat(tally.of(Metric.STALE_REFUSED)).isZero();
    }

    @Test
    void another_owners_claim_is_not_taken_for_ones_own() {
        recorder.apply(id, null, claim("first"), soon());
        assertThat(recorder.apply(id, null, claim("second"), soon())).isInstanceOf(Recorded.Left.class);
        assertThat(stored().owner()).isEqualTo("first");
    }

    @Test
    void with_no_time_left_the_outcome_is_said_to_be_unknown() {
        loser.lose(1);
        assertThatThrownBy(() -> recorder.apply(id, null, claim("mine"), runtime.now()))
                .isInstanceOf(PortException.class)
                .hasMessageContaining("PutItem of step " + id + " attempt 1");
        assertThat(stored().owner()).isEqualTo("mine");
    }
}
