package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Metric;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The step function, given each of its sample events. */
class StepFunctionTest {
    @TempDir
    Path folder;

    private Deployed deployed;

    @BeforeEach
    void deploy() {
        deployed = new Deployed(folder);
        deployed.dispatch("dispatch-http"); // whose steps the messages are
    }

    @AfterEach
    void remove() {
        deployed.close();
    }

    @Test
    void a_message_is_executed_and_recorded_and_may_be_deleted() {
        assertThat(deployed.step("step-single")).isEmpty();
        StepRecord record = deployed.record("extract").orElseThrow();
        assertThat(record.attempt()).isEqualTo(1);
        assertThat(record.state())
                .isInstanceOfSatisfying(
                        StepState.Succeeded.class,
                        ended -> assertThat(ended.result()).isEqualTo(new Payload.Inline("{\"table\":\"orders\"}")));
    }

    @Test
    void a_batch_is_executed_as_a_whole() {
        assertThat(deployed.step("step-batch")).isEmpty();
        assertThat(List.of("extract", "load[us]", "load[eu]"))
                .allSatisfy(key -> assertThat(deployed.state(key)).isEqualTo(StepState.Name.SUCCEEDED));
    }

    @Test
    void a_redelivered_message_is_executed_if_nobody_did_and_is_no_second_attempt() {
        assertThat(deployed.step("step-redelivery")).isEmpty();
        assertThat(deployed.record("extract").orElseThrow().attempt()).isEqualTo(1);
    }

    @Test
    void a_message_that_was_executed_already_is_acknowledged_and_changes_nothing() {
        deployed.step("step-single");
        StepRecord before = deployed.record("extract").orElseThrow();
        assertThat(deployed.step("step-redelivery")).isEmpty();
        assertThat(deployed.record("extract")).contains(before);
        assertThat(deployed.counts().of(Metric.DUPLICATES_SUPPRESSED)).isEqualTo(1);
    }

    @Test
    void what_is_not_ours_is_buried_as_it_is_and_stops_nobody() {
        assertThat(deployed.step("step-unrecognised")).isEmpty();
        assertThat(deployed.ports().deadLetters().peek(10))
                .singleElement()
                .satisfies(deadLetter -> assertThat(
                                Json.parse(deadLetter).path("unrecognised").asText())
                        .isEqualTo(Events.bodies("step-unrecognised").getFirst()));
        assertThat(deployed.state("extract")).isEqualTo(StepState.Name.SUCCEEDED);
    }

    @Test
    void a_message_of_a_newer_version_stays_for_a_newer_worker() {
        assertThat(deployed.step("step-newer-version"))
                .containsExactly(
                        Events.sqs("step-newer-version").getRecords().getFirst().getMessageId());
        assertThat(deployed.ports().deadLetters().peek(10)).isEmpty();
    }

    @Test
    void a_stored_input_is_fetched() {
        StringBuilder rows = new StringBuilder("{\"rows\":[");
        for (int i = 0; i < 800; i++) {
            rows.append("%s\"%05d %s\"".formatted(i == 0 ? "" : ",", i, "x".repeat(24)));
        }
        byte[] input = rows.append("]}").toString().getBytes(StandardCharsets.UTF_8);
        String key = Json.parse(Events.bodies("step-stored-input").getFirst())
                .path("input")
                .path("stored")
                .asText();
        deployed.ports().objects().put(key, input);
        assertThat(deployed.step("step-stored-input")).isEmpty();
        assertThat(deployed.record("extract").orElseThrow().state())
                .isInstanceOfSatisfying(
                        StepState.Succeeded.class,
                        ended -> assertThat(ended.result())
                                .isInstanceOfSatisfying(
                                        Payload.Stored.class,
                                        stored -> assertThat(stored.size()).isEqualTo(input.length)));
    }

    @Test
    void a_stored_input_that_is_gone_ends_the_step_and_buries_it() {
        assertThat(deployed.step("step-stored-input")).isEmpty();
        assertThat(deployed.state("extract")).isEqualTo(StepState.Name.DEAD);
        assertThat(deployed.ports().deadLetters().peek(10))
                .singleElement()
                .asString()
                .contains("PAYLOAD_MISSING");
    }

    @Test
    void a_dead_letter_that_was_moved_back_runs_its_step_again() {
        deployed.dispatch("dispatch-http");
        deployed.step("step-batch", new Broken());
        assertThat(deployed.state("load[eu]")).isEqualTo(StepState.Name.DEAD);
        assertThat(deployed.step("step-moved-back")).isEmpty();
        StepRecord record = deployed.record("load[eu]").orElseThrow();
        assertThat(record.attempt()).isEqualTo(2);
        assertThat(record.state().name()).isEqualTo(StepState.Name.SUCCEEDED);
    }

    @Test
    void a_dead_letter_that_was_moved_back_twice_is_no_third_attempt() {
        deployed.dispatch("dispatch-http");
        deployed.step("step-batch", new Broken());
        deployed.step("step-moved-back");
        assertThat(deployed.step("step-moved-back")).isEmpty();
        assertThat(deployed.record("load[eu]").orElseThrow().attempt()).isEqualTo(2);
    }

    @Test
    void a_retryable_failure_keeps_its_message_in_the_queue_until_it_is_due() {
        deployed.dispatch("dispatch-http");
        assertThat(deployed.step("step-single", new Broken())).hasSize(1);
        assertThat(deployed.state("extract")).isEqualTo(StepState.Name.RETRYING);
        deployed.after(Duration.ofSeconds(2));
        assertThat(deployed.step("step-redelivery")).isEmpty();
        assertThat(deployed.record("extract").orElseThrow().attempt()).isEqualTo(2);
    }

    @Test
    void the_samples_are_what_a_dispatch_sends() {
        deployed.dispatch("dispatch-http");
        List<ObjectNode> sent = new ArrayList<>();
        List<Delivery> received = deployed.ports().queue().receive(10, Duration.ZERO);
        received.forEach(delivery -> sent.add(withoutTime(delivery.body())));
        assertThat(sent)
                .containsExactlyInAnyOrderElementsOf(Events.bodies("step-batch").stream()
                        .map(StepFunctionTest::withoutTime)
                        .toList());
        assertThat(Events.bodies("step-batch"))
                .containsAll(Events.bodies("step-single"))
                .containsAll(Events.bodies("step-redelivery"));
    }

    @Test
    void the_sample_of_a_dead_letter_is_what_is_buried() {
        deployed.dispatch("dispatch-http");
        deployed.step("step-batch", new Broken());
        assertThat(deployed.ports().deadLetters().peek(10))
                .singleElement()
                .satisfies(deadLetter -> assertThat(withoutTime(deadLetter))
                        .isEqualTo(withoutTime(Events.bodies("step-moved-back").getFirst())));
    }

    @Test
    void the_answer_names_the_messages_that_stay_as_sqs_wants_it() {
        assertThat(Json.parse(Events.answered(
                        new SQSBatchResponse(List.of(new BatchItemFailure("m-1"))), SQSBatchResponse.class)))
                .isEqualTo(Json.parse("{\"batchItemFailures\":[{\"itemIdentifier\":\"m-1\"}]}"));
    }

    /** Without what differs by when and where it was thrown. */
    private static ObjectNode withoutTime(String body) {
        ObjectNode node = (ObjectNode) Json.parse(body.replaceAll("\\(\\w+\\.java:\\d+\\)", "(its place)"));
        node.remove(List.of("validUntil", "finishedAt"));
        node.path("attempts").forEach(attempt -> ((ObjectNode) attempt).remove("endedAt"));
        if (node.path("dead") instanceof ObjectNode dead) {
            dead.remove("validUntil");
        }
        return node;
    }

    /** A handler of Echo's name that fails. */
    private static final class Broken implements StepHandler {
        @Override
        public String name() {
            return "stepstile.echo";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            throw new IllegalStateException("the warehouse does not answer");
        }
    }
}
