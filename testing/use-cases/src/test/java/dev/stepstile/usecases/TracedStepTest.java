package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.http.Http;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trace of a caller, from its headers to the handler. */
class TracedStepTest {
    private static final String PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private static final String OTHER = "00-11112f3577b34da6a3ce929d0e0e4736-11f067aa0ba902b7-01";
    private static final Map<String, String> HEADERS = Map.of("traceparent", PARENT, "tracestate", "a=b,c=d");
    private static final String CALL = "/v1/runs/r1/dispatches";
    private static final String BODY = "{\"dispatchId\":\"d1\",\"steps\":[{\"key\":\"a\",\"handler\":\"work\"}]}";

    @TempDir
    Path folder;

    private Stack stack;
    private Api api;
    private final List<String> seen = new ArrayList<>();

    @BeforeEach
    void open() {
        stack = new Stack(folder);
        api = new Api(stack);
        stack.work.on("a", (input, context) -> {
            seen.add(context.traceparent().orElse("none") + " "
                    + context.tracestate().orElse("none"));
            return StepResult.none();
        });
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private boolean replayed(Map<String, String> headers, String body) throws InterruptedException {
        Http.Answer answer = api.call("POST", CALL, headers, body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        return Json.parse(answer.body()).path("replayed").asBoolean();
    }

    private static String trace(Delivery message) {
        return switch (MessageCodec.decode(message.body())) {
            case MessageCodec.Decoded.Step(StepSpec spec) -> spec.settings().trace() + " " + spec.tracestate();
            case MessageCodec.Decoded.MovedBack(StepSpec spec, int _) ->
                spec.settings().trace() + " " + spec.tracestate();
            case MessageCodec.Decoded.NewerVersion _, MessageCodec.Decoded.Unrecognised _ -> "unreadable";
        };
    }

    @Test
    void reaches_the_handler_of_each_attempt_and_the_record() throws InterruptedException {
        assertThat(replayed(HEADERS, BODY)).isFalse();
        stack.work.on("a", (input, context) -> {
            seen.add(context.traceparent().orElse("none") + " "
                    + context.tracestate().orElse("none"));
            throw new IllegalStateException("again");
        });
        stack.deliver();
        assertThat(stack.record("a").settings().trace())
                .isNotNull()
                .satisfies(trace -> assertThat(trace.text()).isEqualTo(PARENT));
        stack.time.advance(Duration.ofMinutes(5));
        stack.deliver();
        assertThat(seen).containsExactly(PARENT + " a=b,c=d", PARENT + " a=b,c=d");
    }

    @Test
    void is_no_part_of_what_is_dispatched_so_the_first_one_stays() throws InterruptedException {
        assertThat(replayed(HEADERS, BODY)).isFalse();
        assertThat(replayed(Map.of("traceparent", OTHER), BODY)).isTrue();
        assertThat(replayed(Map.of(), BODY)).isTrue();
        String unnamed = BODY.replace("\"dispatchId\":\"d1\",", "").replace("\"a\"", "\"b\"");
        assertThat(replayed(Map.of("traceparent", OTHER), unnamed)).isFalse();
        assertThat(replayed(HEADERS, unnamed)).isTrue();
        stack.deliverAll();
        assertThat(seen).containsExactly(PARENT + " a=b,c=d");
    }

    @Test
    void of_another_dispatch_that_names_the_step_does_not_reach_it() throws InterruptedException {
        replayed(HEADERS, BODY);
        replayed(Map.of("traceparent", OTHER), BODY.replace("d1", "d2"));
        stack.deliverAll();
        assertThat(seen).containsExactly(PARENT + " a=b,c=d");
    }

    @Test
    void is_none_if_its_header_is_malformed_or_its_state_alone_is_left_out() throws InterruptedException {
        assertThat(replayed(Map.of("traceparent", PARENT.toUpperCase(Locale.ROOT), "tracestate", "a=b"), BODY))
                .isFalse();
        assertThat(stack.receive(10))
                .allSatisfy(message -> assertThat(message.body()).doesNotContain("trace"));
        Map<String, String> longState = Map.of("traceparent", PARENT, "tracestate", "a=" + "b".repeat(511));
        assertThat(replayed(longState, BODY.replace("d1", "d2").replace("\"a\"", "\"b\"")))
                .isFalse();
        assertThat(stack.receive(10))
                .singleElement()
                .satisfies(
                        message -> assertThat(message.body()).contains(PARENT).doesNotContain("tracestate"));
    }

    @Test
    void stays_with_a_message_that_is_sent_again_and_with_a_dead_letter_that_is_moved_back()
            throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            throw new IllegalStateException("dead");
        });
        replayed(HEADERS, BODY.replace("\"work\"", "\"work\",\"maxAttempts\":1"));
        String sent = trace(stack.receive(10).getFirst());
        assertThat(sent).contains("4bf92f3577b34da6a3ce929d0e0e4736").contains("a=b,c=d");
        stack.time.advance(Stack.VISIBILITY); // nobody worked on it
        stack.ports
                .queue()
                .delete(stack.receive(10).stream().map(Delivery::receipt).toList());
        stack.sweepAfter(Duration.ofMinutes(20));
        List<Delivery> again = stack.receive(10);
        assertThat(again).extracting(TracedStepTest::trace).containsExactly(sent);
        stack.deliver(again);
        assertThat(stack.state("a")).isEqualTo(StepState.Name.DEAD);
        assertThat(stack.ports.deadLetters().receive(10, Duration.ofSeconds(1)))
                .singleElement()
                .satisfies(letter -> assertThat(trace(new Delivery("m", "r", letter.body(), 1, Stack.START)))
                        .isEqualTo(sent));
    }

    private static String spanOf(String name) {
        return "00-4bf92f3577b34da6a3ce929d0e0e4736-" + Sha256.hex(name).substring(0, 16) + "-01";
    }

    @Test
    void is_in_the_answer_of_the_step_at_its_newest_attempt() throws InterruptedException {
        replayed(HEADERS, BODY);
        stack.work.on("a", (input, context) -> {
            throw new IllegalStateException("again");
        });
        stack.deliver();
        assertThat(answered("a")).isEqualTo(spanOf("r1/a/1"));
        stack.time.advance(Duration.ofMinutes(5));
        stack.deliver();
        assertThat(answered("a")).isEqualTo(spanOf("r1/a/2"));
        assertThat(api.ok(200, "POST", "/v1/runs/r1/steps/lookup", "{\"keys\":[\"a\"]}")
                        .at("/entries/0/traceparent")
                        .textValue())
                .isEqualTo(spanOf("r1/a/2"));
    }

    private String answered(String key) throws InterruptedException {
        return api.get("/v1/runs/r1/step?key=" + key).path("traceparent").asText("none");
    }

    @Test
    void of_a_step_that_was_never_claimed_is_answered_at_its_dispatch() throws InterruptedException {
        replayed(HEADERS, BODY);
        api.ok(200, "POST", "/v1/runs/r1/cancel", "{}");
        assertThat(stack.state("a")).isEqualTo(StepState.Name.CANCELLED);
        assertThat(answered("a")).isEqualTo(spanOf("r1/d1"));
    }

    @Test
    void is_not_in_the_answer_of_a_step_without_one() throws InterruptedException {
        replayed(Map.of(), BODY);
        stack.deliver();
        assertThat(answered("a")).isEqualTo("none");
    }

    @Test
    void stays_through_a_redrive() throws InterruptedException {
        replayed(HEADERS, BODY);
        stack.work.on("a", (input, context) -> {
            throw new TerminalFailure("no");
        });
        stack.deliver();
        stack.work.on("a", (input, context) -> {
            seen.add(context.traceparent().orElse("none"));
            return StepResult.none();
        });
        Http.Answer redriven = api.call(
                "POST",
                "/v1/runs/r1/redrive",
                Map.of("traceparent", OTHER),
                "{\"states\":[\"FAILED\"],\"overrides\":{\"maxAttempts\":2}}");
        assertThat(redriven.status()).as(redriven.body()).isEqualTo(200);
        stack.deliverAll();
        assertThat(seen).containsExactly(PARENT);
    }
}
