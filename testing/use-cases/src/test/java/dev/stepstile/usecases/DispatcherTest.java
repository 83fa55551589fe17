package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Dispatcher.Answer;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Metric;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A dispatch. */
class DispatcherTest {
    @TempDir
    Path folder;

    private Stack stack;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    @Test
    void writes_down_its_steps_sends_a_message_for_each_and_says_so() throws InterruptedException {
        Answer answer = stack.dispatch("d1", Stack.step("a"), Stack.step("b"));
        assertThat(answer).isEqualTo(new Answer.Accepted("d1", 2, false));
        assertThat(stack.receive(10)).hasSize(2);
        Dispatch dispatch = stack.dispatched("d1");
        assertThat(dispatch.sending().sentAt()).isEqualTo(Stack.START);
        assertThat(dispatch.closed()).isFalse();
        assertThat(dispatch.counts()).isEqualTo(new TreeMap<>(Map.of(Name.QUEUED, 2)));
        assertThat(stack.hasRecord("a")).isFalse();
        assertThat(stack.count(Metric.STEPS_DISPATCHED)).isEqualTo(2);
    }

    @Test
    void made_again_gives_the_same_answer_and_sends_nothing() throws InterruptedException {
        stack.dispatch("d1", Stack.step("a"), Stack.step("b"));
        stack.time.advance(Duration.ofDays(3));
        assertThat(stack.dispatch("d1", Stack.step("a"), Stack.step("b")))
                .isEqualTo(new Answer.Accepted("d1", 2, true));
        assertThat(stack.receive(10)).hasSize(2);
        assertThat(stack.count(Metric.STEPS_DISPATCHED)).isEqualTo(2);
    }

    @Test
    void without_an_id_is_named_by_its_content() throws InterruptedException {
        Answer first = stack.dispatch(null, Stack.step("a"));
        assertThat(stack.dispatch(null, Stack.step("a"))).isInstanceOfSatisfying(Answer.Accepted.class, again -> {
            assertThat(again.replayed()).isTrue();
            assertThat(first).isEqualTo(new Answer.Accepted(again.dispatchId(), 1, false));
            assertThat(again.dispatchId()).matches("[0-9a-f]{32}");
        });
        assertThat(stack.dispatch(null, Stack.step("b")))
                .isInstanceOfSatisfying(
                        Answer.Accepted.class,
                        other -> assertThat(other.replayed()).isFalse());
    }

    @Test
    void whose_members_come_in_another_order_is_the_same_and_whose_numbers_differ_is_not() throws InterruptedException {
        Api api = new Api(stack);
        String call = "/v1/runs/r1/dispatches";
        String sent = "{\"dispatchId\":\"d1\",\"sharedInputs\":{\"p\":{\"x\":1,\"y\":\"\\u00e9\"}},"
                + "\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"input\":{\"b\":[1,{\"d\":-0.0,\"c\":null}],\"a\":1e5}}]}";
        String same =
                "{\"steps\": [{\"input\": {\"a\": 1e5, \"b\": [1, {\"c\": null, \"d\": -0.0}]}, \"handler\": \"work\", \"key\": \"a\","
                        + " \"maxAttempts\": 3}], \"sharedInputs\": {\"p\": {\"y\": \"é\", \"x\": 1}}, \"dispatchId\": \"d1\"}";

        assertThat(api.ok(202, "POST", call, sent).path("replayed").asBoolean()).isFalse();
        assertThat(api.ok(202, "POST", call, same).path("replayed").asBoolean()).isTrue();
        for (String other : List.of(
                same.replace("1e5", "1E5"),
                same.replace("-0.0", "0.0"),
                same.replace("\"x\": 1", "\"x\": 1.0"),
                same.replace("[1, {", "[{}, {"))) {
            assertThat(api.problem("POST", call, other)).as(other).isEqualTo("409 dispatch-conflict");
        }
        String unnamed = sent.replace("\"dispatchId\":\"d1\",", "");
        assertThat(api.ok(202, "POST", call, unnamed).path("dispatchId"))
                .isEqualTo(api.ok(202, "POST", call, same.replace(", \"dispatchId\": \"d1\"", ""))
                        .path("dispatchId"));
    }

    /** Its digest is of a text in which numbers were printed as BigDecimal prints them; worked out apart. */
    @Test
    void stored_by_an_earlier_version_is_the_same_when_it_is_made_again() throws InterruptedException {
        Api api = new Api(stack);
        String call = "/v1/runs/r1/dispatches";
        String sent =
                "{\"dispatchId\":\"d1\",\"defaults\":{\"tags\":{\"t\":\"v\"}},\"sharedInputs\":{\"p\":{\"day\":\"x\"}},"
                        + "\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"input\":{\"b\":1e5,\"a\":-0.0,\"c\":[1.10,-0]}}]}";
        api.ok(202, "POST", call, sent);
        Dispatch now = stack.dispatched("d1");
        assertThat(stack.ports
                        .store()
                        .replace(withDigest(now, "deeba1ba816c98a05db06199fca62da6cec55bbfb1c7c21d687f6aa8d9272561")))
                .isTrue();

        assertThat(api.ok(202, "POST", call, sent).path("replayed").asBoolean()).isTrue();
        assertThat(api.problem("POST", call, sent.replace("1e5", "1e6"))).isEqualTo("409 dispatch-conflict");
        assertThat(api.problem("POST", call, sent.replaceFirst("\\{", "{\"tenant\":\"acme\",")))
                .isEqualTo("409 dispatch-conflict");
    }

    private static Dispatch withDigest(Dispatch dispatch, String digest) {
        JsonNode node = Json.parse(DispatchCodec.write(dispatch));
        ((ObjectNode) node).put("digest", digest).put("version", dispatch.version() + 1);
        return DispatchCodec.read(Json.print(node));
    }

    private static RetryPolicy ruled(List<String> on, List<String> never) {
        RetryPolicy retry = RetryPolicy.DEFAULT;
        return new RetryPolicy(retry.maxAttempts(), retry.base(), retry.cap(), new RetryRule(on, never));
    }

    @Test
    void under_a_known_id_with_anything_else_in_it_is_a_conflict() throws InterruptedException {
        NewStep step = tagged("a", "b, c=d");
        stack.dispatch("d1", step);
        RetryPolicy retry = RetryPolicy.DEFAULT;
        TreeMap<String, String> twoTags = new TreeMap<>();
        twoTags.put("a", "b");
        twoTags.put("c", "d");
        List<NewStep> others = List.of(
                new NewStep("b", step.handler(), step.input(), retry, step.timeout(), step.tags()),
                new NewStep("a", "other", step.input(), retry, step.timeout(), step.tags()),
                new NewStep("a", step.handler(), "{\"x\":1}", retry, step.timeout(), step.tags()),
                new NewStep("a", step.handler(), "{}", retry, Duration.ofSeconds(1), step.tags()),
                new NewStep("a", step.handler(), "{}", Stack.once("a").retry(), step.timeout(), step.tags()),
                new NewStep("a", step.handler(), "{}", ruled(List.of("A"), List.of()), step.timeout(), step.tags()),
                new NewStep("a", step.handler(), "{}", ruled(List.of(), List.of("A")), step.timeout(), step.tags()),
                new NewStep("a", step.handler(), "{}", retry, step.timeout(), new TreeMap<>()),
                new NewStep("a", step.handler(), "{}", retry, step.timeout(), twoTags));
        for (NewStep other : others) {
            assertThat(stack.dispatch("d1", other)).as("%s", other).isEqualTo(new Answer.Conflict("d1"));
        }
        assertThat(stack.dispatch("d1", step, Stack.step("b"))).isEqualTo(new Answer.Conflict("d1"));
        TreeMap<String, String> shared = new TreeMap<>();
        shared.put("plan", "1");
        assertThat(stack.stepstile
                        .dispatcher(8)
                        .dispatch(new Dispatcher.Request(Stack.RUN, "d1", List.of(step), shared)))
                .isEqualTo(new Answer.Conflict("d1"));
        assertThat(stack.receive(10)).hasSize(1);
    }

    @Test
    void of_a_tenant_says_so_in_each_message_and_with_another_tenant_is_a_conflict() throws InterruptedException {
        Api api = new Api(stack);
        String call = "/v1/runs/r1/dispatches";
        String steps = "\"steps\":[{\"key\":\"a\",\"handler\":\"work\"},{\"key\":\"b\",\"handler\":\"work\"}]}";
        String acme = "{\"dispatchId\":\"d1\",\"tenant\":\"acme\"," + steps;
        api.ok(202, "POST", call, acme);
        assertThat(stack.receive(10))
                .hasSize(2)
                .allSatisfy(message -> assertThat(tenant(message)).isEqualTo("acme"));
        assertThat(api.ok(202, "POST", call, acme).path("replayed").asBoolean()).isTrue();
        for (String other : List.of("\"tenant\":\"other\",", "\"tenant\":\"r1\",", "\"tenant\":null,", "")) {
            String same = acme.replace("\"tenant\":\"acme\",", other);
            assertThat(api.problem("POST", call, same)).as(same).isEqualTo("409 dispatch-conflict");
        }
    }

    @Test
    void without_a_tenant_is_the_same_as_with_its_run_as_the_tenant() throws InterruptedException {
        Api api = new Api(stack);
        String call = "/v1/runs/r1/dispatches";
        String none = "{\"dispatchId\":\"d1\",\"steps\":[{\"key\":\"a\",\"handler\":\"work\"}]}";
        String run = none.replace("{\"dispatchId\"", "{\"tenant\":\"r1\",\"dispatchId\"");
        api.ok(202, "POST", call, none);
        assertThat(stack.receive(10)).extracting(DispatcherTest::tenant).containsExactly("r1");
        assertThat(api.ok(202, "POST", call, run).path("replayed").asBoolean()).isTrue();
    }

    private static String tenant(Delivery message) {
        return MessageCodec.decode(message.body()) instanceof MessageCodec.Decoded.Step(StepSpec spec)
                ? spec.tenant()
                : "";
    }

    private static SortedMap<String, String> longTags(int n, int length) {
        SortedMap<String, String> tags = new TreeMap<>();
        for (int i = 0; i < n; i++) {
            tags.put("name-" + i + "-".repeat(length), "value-" + i + "-".repeat(length));
        }
        return tags;
    }

    private static Dispatcher.Request withTags(SortedMap<String, String> common, NewStep... steps) {
        return new Dispatcher.Request(Stack.RUN, "d1", null, List.of(steps), new TreeMap<>(), common);
    }

    @Test
    void tells_each_step_the_tags_of_all_and_its_own_wherever_they_are_kept() throws InterruptedException {
        List<Map<String, String>> seen = new ArrayList<>();
        stack.work.on("a", (input, context) -> {
            seen.add(context.tags());
            return StepResult.none();
        });
        SortedMap<String, String> few = longTags(2, 4);
        stack.dispatcher().dispatch(withTags(few, tagged("name-0----", "mine")));
        stack.deliver();
        SortedMap<String, String> mine = new TreeMap<>(few);
        mine.put("name-0----", "mine");
        assertThat(seen).containsExactly(mine);
        assertThat(stack.receive(1)).isEmpty();
    }

    @Test
    void says_once_what_all_of_its_steps_share() throws InterruptedException {
        SortedMap<String, String> common = longTags(20, 190);
        NewStep[] steps =
                IntStream.range(0, 1_000).mapToObj(i -> Stack.step("s" + i)).toArray(NewStep[]::new);
        SortedMap<String, String> shared = new TreeMap<>();
        for (int i = 0; i < 8; i++) {
            shared.put("shared-" + i, "\"" + "x".repeat(4_000) + "\"");
        }
        stack.dispatcher().dispatch(new Dispatcher.Request(Stack.RUN, "d1", null, List.of(steps), shared, common));
        Payload.Stored manifest =
                (Payload.Stored) stack.dispatched("d1").accepted().manifest();
        assertThat(manifest.size()).as("bytes of the manifest").isLessThan(200L * steps.length);
        List<Delivery> batch = stack.receive(10);
        assertThat(batch)
                .allSatisfy(message -> assertThat(message.body().length())
                        .as("bytes of a message")
                        .isLessThan(2_500));
        List<Map<String, String>> seen = new ArrayList<>();
        String key = MessageCodec.decode(batch.getFirst().body()) instanceof MessageCodec.Decoded.Step(StepSpec spec)
                ? spec.id().stepKey()
                : "";
        stack.work.on(key, (input, context) -> {
            seen.add(context.tags());
            assertThat(input.shared("shared-7")).hasSize(4_002);
            return StepResult.none();
        });
        stack.deliver(batch);
        assertThat(seen).containsExactly(common);
        assertThat(stack.state(key)).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void says_how_many_of_its_steps_an_earlier_dispatch_has_started() throws InterruptedException {
        assertThat(stack.dispatch("d1", Stack.step("a"), Stack.step("b"), Stack.step("c")))
                .isEqualTo(new Answer.Accepted("d1", 3, false, 0));
        assertThat(stack.faults.calls("store.records"))
                .as("a run's first dispatch reads nothing")
                .isZero();
        stack.deliver(stack.receive(1));
        stack.deliver(stack.receive(1));
        NewStep[] again = {Stack.step("a"), Stack.step("b"), Stack.step("c"), Stack.step("d")};
        assertThat(stack.dispatch("d2", again)).isEqualTo(new Answer.Accepted("d2", 4, false, 2));
        stack.deliverAll();
        assertThat(stack.dispatch("d2", again))
                .as("made again, it gives the same answer")
                .isEqualTo(new Answer.Accepted("d2", 4, true, 2));
        assertThat(stack.dispatch("d3", again)).isEqualTo(new Answer.Accepted("d3", 4, false, 4));
    }

    @Test
    void gives_each_step_what_its_steps_share() throws InterruptedException {
        TreeMap<String, String> shared = new TreeMap<>();
        shared.put("plan", "[1]");
        List<String> seen = new ArrayList<>();
        stack.work.on("a", (input, context) -> {
            seen.add(input.sharedNames() + " " + input.shared("plan"));
            return StepResult.none();
        });
        stack.stepstile
                .dispatcher(8)
                .dispatch(new Dispatcher.Request(Stack.RUN, "d1", List.of(Stack.step("a")), shared));
        stack.deliver();
        assertThat(seen).containsExactly("[plan] [1]");
    }

    private static NewStep tagged(String name, String value) {
        TreeMap<String, String> tags = new TreeMap<>();
        tags.put(name, value);
        return new NewStep("a", "work", "{}", RetryPolicy.DEFAULT, Duration.ofMinutes(5), tags);
    }

    @Test
    void to_a_cancelled_run_is_refused_unless_it_was_accepted_before() throws InterruptedException {
        stack.handOver("a");
        stack.stepstile.canceller().cancel(Stack.RUN, stack.time.instant().plusSeconds(20));
        assertThat(stack.dispatch("d2", Stack.step("b"))).isEqualTo(new Answer.RunCancelled(Stack.RUN));
        assertThat(stack.dispatch("d1", Stack.step("a"))).isEqualTo(new Answer.Accepted("d1", 1, true));
        assertThat(stack.dispatch("d1", Stack.step("b"))).isEqualTo(new Answer.Conflict("d1"));
    }

    @Test
    void whose_messages_the_queue_does_not_take_is_accepted_and_sent_by_a_sweep() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            stack.faults.fail("queue.send");
        }
        assertThat(stack.dispatch("d1", Stack.step("a"))).isEqualTo(new Answer.Accepted("d1", 1, false));
        assertThat(stack.receive(10)).isEmpty();
        assertThat(stack.dispatched("d1").sending().sentAt()).isNull();
        stack.recover(3);
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
    }

    @Test
    void is_marked_sent_even_when_a_sweep_took_it_meanwhile() throws InterruptedException {
        stack.faults.afterNext("queue.send", () -> {
            Dispatch read = stack.dispatched("d1");
            assertThat(stack.ports.store().replace(read.taken(Stack.START.plusSeconds(60))))
                    .isTrue();
        });
        stack.handOver("a");
        assertThat(stack.dispatched("d1").sending().sentAt()).isEqualTo(Stack.START);
    }

    /** A crash before each of its port calls, which is also after the one before: the caller may or may not call again, and each step runs once. */
    @Test
    void that_crashes_anywhere_is_made_whole_by_its_caller_or_by_the_sweeper_or_never_was() throws Exception {
        NewStep[] steps = {Stack.step("a"), Stack.step("b", "\"" + "x".repeat(6_000) + "\"", RetryPolicy.DEFAULT)};
        stack.dispatch("d1", steps);
        int calls = stack.faults.calls().size();
        assertThat(calls).isBetween(6, 20);
        for (int call = 0; call < calls; call++) {
            for (boolean again : new boolean[] {false, true}) {
                try (Stack crashing = new Stack(folder.resolve(call + "-" + again))) {
                    crashAt(crashing, call, again, steps);
                }
            }
        }
    }

    private static void crashAt(Stack stack, int call, boolean again, NewStep... steps) throws InterruptedException {
        stack.faults.crashBefore("", call);
        assertThatThrownBy(() -> stack.dispatch("d1", steps)).isInstanceOf(Faults.Crash.class);
        String where = "crash before the last of " + stack.faults.calls();
        stack.faults.restart();
        if (again) {
            assertThat(stack.dispatch("d1", steps)).as(where).isInstanceOf(Answer.Accepted.class);
        }
        boolean accepted = stack.ports.store().dispatch(Stack.RUN, "d1").isPresent();
        stack.recover(4);
        assertThat(stack.work.started())
                .as(where)
                .containsExactlyInAnyOrderElementsOf(accepted ? List.of("a#1", "b#1") : List.of());
        if (accepted) {
            assertThat(stack.dispatched("d1").closed()).as(where).isTrue();
            assertThat(stack.state("b")).as(where).isEqualTo(Name.SUCCEEDED);
        }
    }
}
