package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.stepstile.local.LocalStack;
import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.testing.ScriptedApi.Answer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Against a real embedded stack, over HTTP. */
class StepstileClientTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    static Path folder;

    private static LocalStack stack;
    private static StepstileClient client;

    private String run;

    @BeforeAll
    static void start() {
        stack = EmbeddedStack.start(folder);
        client = StepstileClient.of(stack.endpoint());
    }

    @AfterAll
    static void stop() {
        client.close();
        stack.close();
    }

    @BeforeEach
    void name(TestInfo test) {
        run = test.getTestMethod().orElseThrow().getName();
    }

    private static Step echo(String key, Object input) {
        return Step.of(key, "stepstile.echo", input);
    }

    private static Map<String, StepEnded> followed(Follower follower) {
        Map<String, StepEnded> ends = new TreeMap<>();
        assertThat(follower.await(PATIENCE, event -> {
                    if (event instanceof StepEnded end) {
                        assertThat(ends.put(end.key(), end)).as("reported once").isNull();
                    }
                }))
                .as("missing " + follower.missing())
                .isTrue();
        return ends;
    }

    private static StepEnded end(String run, String key) {
        return end(client.follow(run, List.of(key)), key);
    }

    private static StepEnded end(Follower follower, String key) {
        return Objects.requireNonNull(followed(follower).get(key));
    }

    private static JsonValue result(StepEnded end) {
        return ((StepResult.Value) ((StepState.Succeeded) end.state()).result()).json();
    }

    @Test
    void what_is_dispatched_ends_with_its_result() {
        List<JsonValue> inputs = List.of(
                JsonValue.NULL,
                JsonValue.parse("{\"b\":[1,2.50,\"ü\"],\"a\":-0.0}"),
                JsonValue.of("text"),
                JsonValue.of("x".repeat(20_000)));
        List<Step> steps = IntStream.range(0, 4)
                .mapToObj(i -> echo("s" + i, inputs.get(i)))
                .toList();
        assertThat(client.dispatch(run, Dispatch.of("d", steps))).isEqualTo(new DispatchResult("d", 4, 0, false));

        Map<String, StepEnded> ends = followed(client.follow(run, List.of("s0", "s1", "s2", "s3")));

        assertThat(ends.values()).extracting(StepstileClientTest::result).containsExactlyElementsOf(inputs);
    }

    @Test
    void the_same_dispatch_again_is_the_same_and_other_content_a_conflict() {
        for (int i = 0; i < 2; i++) {
            client.dispatch(run, Dispatch.of("d", List.of(echo("s", 1))));
        }
        assertThat(client.exactStatus(run).stepCount()).isEqualTo(1);
        RefusedException refused = catchThrowableOfType(
                RefusedException.class, () -> client.dispatch(run, Dispatch.of("d", List.of(echo("s", 2)))));
        assertThat(refused.type()).isEqualTo("dispatch-conflict");
        assertThat(refused.status()).isEqualTo(409);
    }

    /** Else a pause of run ".." would be one of everything, wherever a proxy resolves the path. */
    @Test
    void a_run_id_that_a_proxy_would_resolve_is_refused_before_it_is_sent() {
        for (String id : List.of(".", "..")) {
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> client.status(id))
                    .withMessageContaining("runId must not be . or ..");
            assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> new PauseScope.OfRun(id));
        }
    }

    @Test
    void a_dispatch_larger_than_a_request_goes_in_several() {
        List<Step> steps = IntStream.range(0, 3)
                .mapToObj(i -> echo("s" + i, i + "y".repeat(3_000_000)))
                .toList();
        Dispatch dispatch = Dispatch.of("d", steps).withSharedInputs(Map.of("s", JsonValue.of("z".repeat(1_000_000))));
        assertThat(client.dispatch(run, dispatch).acceptedCount()).isEqualTo(3);
        Map<String, StepEnded> ends = followed(client.follow(run, List.of("s0", "s1", "s2")));
        for (int i = 0; i < 3; i++) {
            assertThat(result(Objects.requireNonNull(ends.get("s" + i)))
                            .equals(steps.get(i).input()))
                    .isTrue();
        }
    }

    @Test
    void a_large_result_comes_whole_by_the_feed_by_its_record_and_in_pieces() {
        JsonValue large = JsonValue.of("y".repeat(4_500_000));
        client.dispatch(run, Dispatch.of("d", List.of(echo("s", large))));
        assertThat(result(end(run, "s")).equals(large)).isTrue();
        assertThat(client.lookup(run, List.of("s")).values())
                .extracting(StepRecord::state)
                .singleElement()
                .isInstanceOfSatisfying(
                        StepState.Succeeded.class,
                        state -> assertThat(state.result())
                                .isInstanceOfSatisfying(
                                        StepResult.Stored.class,
                                        stored -> assertThat(stored.size()).isEqualTo(4_500_002)));
        assertThat(client.step(run, "s").orElseThrow().state())
                .isInstanceOfSatisfying(
                        StepState.Succeeded.class,
                        state -> assertThat(state.result().equals(new StepResult.Value(large)))
                                .isTrue());
        assertThat(client.result(run, "s").equals(large)).isTrue();
    }

    @Test
    void a_failed_step_names_its_kind_of_error_and_its_attempts() {
        client.dispatch(run, Dispatch.of("d", List.of(Step.of("s", "no.such.handler", null))));
        StepEnded end = end(run, "s");
        assertThat(end.state())
                .isInstanceOfSatisfying(
                        StepState.Failed.class,
                        failed -> assertThat(failed.error().kind()).isEqualTo("UNKNOWN_HANDLER"));
        assertThat(end.attempts()).extracting(Attempt::kind).containsExactly("UNKNOWN_HANDLER");
        RefusedException refused = catchThrowableOfType(RefusedException.class, () -> client.result(run, "s"));
        assertThat(refused.type()).isEqualTo("no-result");
    }

    @Test
    void steps_and_lookups_say_what_there_is_under_any_key() {
        String key = "a/b? 100%+ü|~*🚀";
        client.dispatch(run, Dispatch.of("d", List.of(echo(key, 1))));
        followed(client.follow(run, List.of(key)));

        assertThat(client.steps(run)).singleElement().satisfies(step -> {
            assertThat(step.key()).isEqualTo(key);
            assertThat(step.handler()).isEqualTo("stepstile.echo");
            assertThat(step.state())
                    .isInstanceOfSatisfying(
                            StepState.Succeeded.class,
                            state -> assertThat(state.result()).isEqualTo(new StepResult.NotIncluded()));
        });
        assertThat(client.steps(run, StepStatus.DEAD)).isEmpty();
        assertThat(client.lookup(run, List.of("absent", key)).keySet()).containsExactly(key);
        StepRecord step = client.step(run, key).orElseThrow();
        assertThat(step.startedAt()).isNotNull();
        assertThat(((StepState.Succeeded) step.state()).finishedAt()).isAfterOrEqualTo(step.startedAt());
        assertThat(client.step(run, "absent")).isEmpty();
        assertThat(client.step("no-such-run", "absent")).isEmpty();
        assertThat(client.lookup("no-such-run", List.of("absent"))).isEmpty();
    }

    @Test
    void a_run_that_nothing_was_dispatched_to_is_refused_in_listings_and_empty_in_the_feed() {
        assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> client.status(run));
        assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> client.steps(run));
        assertThat(client.follow(run, List.of("s")).poll()).isEmpty();
    }

    @Test
    void steps_are_listed_through_all_pages() {
        List<Step> steps =
                IntStream.range(0, 1_050).mapToObj(i -> echo("s" + i, i)).toList();
        client.dispatch(run, Dispatch.of("d", steps));
        assertThat(client.steps(run).map(StepRecord::key))
                .containsExactlyElementsOf(steps.stream().map(Step::key).toList());
        assertThat(client.steps(run).limit(3)).hasSize(3);
        client.cancel(run);
        assertThat(client.exactStatus(run).counts().values().stream()
                        .mapToInt(count -> count)
                        .sum())
                .isEqualTo(1_050);
    }

    @Test
    void a_cancelled_run_ends_and_takes_no_more_steps() {
        client.dispatch(run, Dispatch.of("d", List.of(Step.of("s", "stepstile.sleep", Map.of("seconds", 60)))));
        CancelResult cancelled = client.cancel(run);
        assertThat(cancelled.cancelledCount() + cancelled.stoppingCount()).isEqualTo(1);
        assertThat(end(run, "s").state()).isInstanceOf(StepState.Cancelled.class);
        RefusedException refused = catchThrowableOfType(
                RefusedException.class, () -> client.dispatch(run, Dispatch.of("e", List.of(echo("t", 1)))));
        assertThat(refused.type()).isEqualTo("run-cancelled");
        assertThat(client.status(run).cancelled()).isTrue();
        assertThat(client.cancel("no-such-run")).isEqualTo(new CancelResult(0, 0));
    }

    @Test
    void a_redriven_step_is_reported_again() {
        client.dispatch(run, Dispatch.of("d", List.of(Step.of("s", "no.such.handler", null))));
        Follower follower = client.follow(run, List.of("s"));
        assertThat(end(follower, "s").attempt()).isEqualTo(1);
        Redrive redrive = Redrive.of(List.of("s", "t"))
                .withStates(Set.of(StepStatus.FAILED))
                .withOverrides(StepSettings.handler("stepstile.echo"))
                .withInput(JsonValue.of("other"));
        assertThat(client.redrive(run, redrive)).isEqualTo(new RedriveResult(1, false, List.of("t"), List.of()));
        assertThat(client.redrive(run, redrive)).isEqualTo(new RedriveResult(1, true, List.of("t"), List.of()));
        follower.add(List.of("s"));
        StepEnded end = end(follower, "s");
        assertThat(end.attempt()).isEqualTo(2);
        assertThat(result(end)).isEqualTo(JsonValue.of("other"));
        assertThat(end.attempts()).extracting(Attempt::kind).containsExactly("UNKNOWN_HANDLER", "REDRIVEN");
    }

    @Test
    void what_is_running_is_listed_with_what_it_does_and_no_more_once_it_has_ended() {
        assertThat(catchThrowableOfType(RefusedException.class, () -> client.running(run))
                        .type())
                .isEqualTo("run-not-found");
        Step talkative = Step.of("s", "talkative", Map.of("seconds", 4));
        client.dispatch(run, Dispatch.of("d", List.of(talkative, echo("t", 1))));
        assertThat(running(Predicate.not(List::isEmpty))).singleElement().satisfies(step -> {
            assertThat(step.key()).isEqualTo("s");
            assertThat(step.attempt()).isEqualTo(1);
            assertThat(step.dispatchId()).isEqualTo("d");
            assertThat(step.progress()).isEqualTo(new RunningStep.Progress(0.5, "half", "said"));
            assertThat(step.lastLine()).isEqualTo("said");
            assertThat(step.worker().id()).isNotEmpty();
            assertThat(step.worker().lost()).isFalse();
            assertThat(step.worker().leaseUntil()).isAfter(step.startedAt());
            assertThat(client.step(run, "s").orElseThrow())
                    .returns(step.startedAt(), StepRecord::startedAt)
                    .returns(3, read -> read.origin().maxAttempts())
                    .returns("d", read -> read.origin().dispatchId())
                    .extracting(StepRecord::state)
                    .isInstanceOfSatisfying(StepState.Running.class, state -> {
                        assertThat(state.progress()).isEqualTo(new RunningStep.Progress(0.5, "half", "said"));
                        assertThat(state.lastLine()).isEqualTo("said");
                        assertThat(state.worker().id()).isEqualTo(step.worker().id());
                        assertThat(state.deadline()).isAfter(step.startedAt());
                    });
        });
        followed(client.follow(run, List.of("s", "t")));
        assertThat(running(List::isEmpty)).isEmpty();
    }

    /** What is running, once it is as it should be, or after a while. */
    private List<RunningStep> running(Predicate<List<RunningStep>> expected) {
        Instant until = Instant.now().plus(PATIENCE);
        List<RunningStep> running = client.running(run).toList();
        while (!expected.test(running) && Instant.now().isBefore(until)) {
            running = client.running(run).toList();
        }
        return running;
    }

    @Test
    void what_is_running_is_listed_through_all_pages() throws Exception {
        try (ScriptedApi api = new ScriptedApi(call -> Answer.of(
                        200,
                        call.target().contains("cursor=c")
                                ? "{\"steps\":[{\"key\":\"b\",\"worker\":\"w\",\"lost\":true}]}"
                                : "{\"steps\":[{\"key\":\"a\",\"worker\":\"w\"}],\"cursor\":\"c\"}"));
                StepstileClient scripted = StepstileClient.of(api.endpoint())) {
            assertThat(scripted.running("r"))
                    .extracting(step -> step.key() + step.worker().lost())
                    .containsExactly("afalse", "btrue");
        }
    }

    @Test
    void the_log_of_a_long_step_is_reported_while_it_runs() {
        client.dispatch(run, Dispatch.of("d", List.of(Step.of("s", "talkative", Map.of("seconds", 1.5)))));
        List<RunEvent> events = new ArrayList<>();
        assertThat(client.followWithLogs(run, List.of("s")).await(PATIENCE, events::add))
                .isTrue();
        assertThat(events).hasSize(2);
        assertThat(events.getFirst())
                .isInstanceOfSatisfying(
                        LogPage.class, page -> assertThat(page.lines()).containsExactly("said"));
        assertThat(events.getLast()).isInstanceOf(StepEnded.class);
        assertThat(client.stepWithLog(run, "s").orElseThrow().log().pages()).isNotEmpty();
        assertThat(client.stepWithLog(run, "s", 1).orElseThrow().log().pageCount())
                .isPositive();
    }

    @Test
    void a_dispatch_says_how_many_of_its_steps_were_started_before() {
        client.dispatch(run, Dispatch.of("d1", List.of(echo("a", 1))));
        followed(client.follow(run, List.of("a")));
        assertThat(client.dispatch(run, Dispatch.of("d2", List.of(echo("a", 1), echo("b", 1)))))
                .isEqualTo(new DispatchResult("d2", 2, 1, false));
    }

    @Test
    void threads_share_a_client() throws Exception {
        List<Future<JsonValue>> answers = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int i = 0; i < 40; i++) {
                String own = run + "-" + i;
                Object input = i;
                answers.add(threads.submit(() -> {
                    client.dispatch(own, Dispatch.of("d", List.of(echo("s", input))));
                    return result(end(own, "s"));
                }));
            }
        }
        for (int i = 0; i < 40; i++) {
            assertThat(answers.get(i).get()).isEqualTo(JsonValue.of(i));
        }
    }

    @Test
    void an_exact_count_of_a_large_run_is_asked_for_until_it_is_whole() throws Exception {
        List<String> counts = new ArrayList<>(List.of("1", "2", "3"));
        try (ScriptedApi api = new ScriptedApi(_ -> {
                    String count = counts.removeFirst();
                    return Answer.of(
                            200,
                            "{\"runId\":\"r\",\"stepCount\":3,\"counts\":{\"QUEUED\":" + count
                                    + ",\"NEW\":1,\"NEWER\":1}" + (counts.isEmpty() ? "" : ",\"cursor\":\"next\"")
                                    + "}");
                });
                StepstileClient scripted = StepstileClient.of(api.endpoint())) {
            assertThat(scripted.exactStatus("r").counts())
                    .isEqualTo(Map.of(StepStatus.QUEUED, 3, StepStatus.UNRECOGNISED, 2));
            Collection<String> targets =
                    api.calls().stream().map(ScriptedApi.Call::target).toList();
            assertThat(targets)
                    .containsExactly(
                            "/v1/runs/r?exact=true",
                            "/v1/runs/r?cursor=next&exact=true",
                            "/v1/runs/r?cursor=next&exact=true");
        }
    }

    @Test
    void a_redrive_is_the_same_one_however_often_it_is_tried() throws Exception {
        try (ScriptedApi api = new ScriptedApi(new Once());
                StepstileClient scripted = StepstileClient.of(api.endpoint())) {
            scripted.redrive("r", Redrive.of(List.of("a")));
            assertThat(api.calls()).hasSize(2);
            assertThat(api.calls().getFirst().body())
                    .isEqualTo(api.calls().getLast().body());
        }
    }

    /** Hangs up the first time. */
    private static final class Once implements Function<ScriptedApi.Call, Answer> {
        private boolean called;

        @Override
        public Answer apply(ScriptedApi.Call call) {
            boolean first = !called;
            called = true;
            return first
                    ? ScriptedApi.Answer.HANG_UP
                    : Answer.of(200, "{\"redrivenCount\":1,\"replayed\":false,\"unknownKeys\":[]}");
        }
    }

    @Test
    void a_result_that_arrives_damaged_is_not_returned() throws Exception {
        try (ScriptedApi api =
                        new ScriptedApi(_ -> Answer.of(200, "{\"size\":1,\"sha256\":\"0\",\"content\":\"MQ==\"}"));
                StepstileClient scripted = StepstileClient.of(api.endpoint())) {
            assertThatExceptionOfType(DamagedResultException.class).isThrownBy(() -> scripted.result("r", "a"));
        }
    }
}
