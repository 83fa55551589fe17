package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.cli.run.InThisJvm;
import dev.stepstile.client.Dispatch;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.client.TraceContext;
import dev.stepstile.codec.Json;
import dev.stepstile.handlers.Echo;
import dev.stepstile.handlers.Sleep;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.usecase.Timing;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The operator's commands against an embedded stack: a run of thirty steps that succeed, and two that do not. */
class OperatorCommandsTest {
    private static final String BAD = "bad one <script>";
    private static final List<String> GOOD =
            IntStream.range(0, 30).mapToObj(i -> "row-" + i).toList();

    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    @TempDir
    static Path state;

    private static LocalStack stack;

    @BeforeAll
    static void start() {
        Duration second = Duration.ofSeconds(1);
        Timing timing = Timing.of(Duration.ofSeconds(5), second, second, Duration.ofSeconds(30));
        stack = LocalStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, state)
                .withHandlers(List.of(new Echo(), new Sleep(), new Talkative()))
                .withTimes(new StackOptions.Times(timing, Duration.ofMinutes(2), Duration.ofMinutes(2))));
        List<Step> steps = new ArrayList<>(GOOD.stream()
                .map(key -> Step.of(key, "stepstile.echo", Map.of("key", key)))
                .toList());
        steps.add(Step.of(BAD, "no.such.handler", null));
        steps.add(Step.of("talker", "talkative", Map.of("seconds", 0)));
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch("nightly", Dispatch.of("d", steps));
            client.dispatch(
                    "traced",
                    Dispatch.of("d", List.of(Step.of("seen", "stepstile.echo", null))),
                    TraceContext.of("00-" + TRACE + "-00f067aa0ba902b7-01"));
            client.dispatch(
                    "traced",
                    Dispatch.of("e", List.of(Step.of("unseen", "stepstile.echo", null))),
                    TraceContext.of("00-" + TRACE + "-00f067aa0ba902b7-00"));
            assertThat(client.follow("traced", List.of("seen", "unseen")).await(Duration.ofMinutes(1), _ -> {}))
                    .isTrue();
            assertThat(client.follow("nightly", steps.stream().map(Step::key).toList())
                            .await(Duration.ofMinutes(1), _ -> {}))
                    .isTrue();
        }
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    private static InThisJvm call(Object... words) {
        return InThisJvm.run(Stream.concat(Stream.of(words), Stream.of("--endpoint", stack.endpoint()))
                .toArray());
    }

    private static List<JsonNode> json(InThisJvm ended) {
        return ended.out().lines().map(Json::parse).toList();
    }

    @Test
    void status_counts_and_says_what_to_look_at_next_and_its_status_tells_that_steps_failed() {
        InThisJvm ended = call("status", "nightly", "--exact");

        assertThat(ended.status()).isEqualTo(Exit.NO);
        assertThat(ended.out().lines())
                .anyMatch(line -> line.matches("  SUCCEEDED +31 +96\\.9 % .*"))
                .anyMatch(line -> line.matches("  FAILED +1 +3\\.1 % .*"))
                .anyMatch(line -> line.contains("./stepstile failures nightly --endpoint " + stack.endpoint()));
    }

    @Test
    void status_as_JSON_is_the_APIs_answer() {
        JsonNode status = json(call("status", "nightly", "--exact", "--json")).getFirst();

        assertThat(status.path("runId").asText()).isEqualTo("nightly");
        assertThat(status.path("counts").path("SUCCEEDED").asInt()).isEqualTo(31);
        assertThat(status.has("cursor")).isFalse();
    }

    @Test
    void a_list_is_limited_and_says_so_and_all_prints_everything() {
        InThisJvm some = call("steps", "nightly", "--limit", "3", "--output", "name");
        InThisJvm all = call("steps", "nightly", "--all", "--output", "name");

        assertThat(some.out().lines()).containsExactly("row-0", "row-1", "row-2");
        assertThat(some.err()).contains("These are the first 3");
        assertThat(all.out().lines()).hasSize(32).contains(BAD);
        assertThat(all.err()).isEmpty();
    }

    @Test
    void a_list_is_a_table_JSON_lines_or_CSV() {
        InThisJvm table = call("steps", "nightly", "--state", "FAILED");
        InThisJvm lines = call("steps", "nightly", "--state", "failed", "--json");
        InThisJvm csv = call("steps", "nightly", "--state", "FAILED", "--output", "csv");

        assertThat(table.out().lines().toList().getFirst()).startsWith("KEY ").contains("STATE", "ERROR");
        assertThat(table.out()).contains(BAD, "UNKNOWN_HANDLER: No handler is named 'no.such.handler'");
        assertThat(json(lines)).hasSize(1);
        assertThat(json(lines).getFirst().path("key").asText()).isEqualTo(BAD);
        assertThat(csv.out().lines()).hasSize(2).first().isEqualTo("key,state,attempt,handler,since,took,error");
        assertThat(csv.out()).contains(BAD + ",FAILED,1,no.such.handler,20");
    }

    @Test
    void what_is_not_found_is_said_and_is_no_failure() {
        InThisJvm ended = call("steps", "nightly", "--state", "CANCELLED");

        assertThat(ended.status()).isZero();
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err()).contains("No step of the run is such a one.");
    }

    @Test
    void step_shows_by_which_id_its_trace_is_found() {
        assertThat(call("step", "traced", "seen").out()).containsPattern("Trace +" + TRACE + "\n");
        assertThat(call("step", "traced", "unseen").out()).containsPattern("Trace +" + TRACE + ", not sampled\n");
        assertThat(call("step", "nightly", "row-7").out()).doesNotContain("Trace");
    }

    @Test
    void a_step_tells_its_life_and_how_to_repeat_it() {
        InThisJvm ended = call("step", "nightly", BAD);

        assertThat(ended.status()).isEqualTo(Exit.NO);
        assertThat(ended.out())
                .contains(BAD + "  of run nightly", "FAILED, attempt 1 of 3", "UNKNOWN_HANDLER")
                .contains("./stepstile redrive nightly 'bad one <script>' --endpoint");
        assertThat(call("step", "nightly", "row-7").status()).isZero();
    }

    @Test
    void a_steps_result_is_printed_alone() {
        assertThat(call("step", "nightly", "row-7", "--result").out()).isEqualTo("{\"key\":\"row-7\"}\n");
    }

    @Test
    void a_step_as_JSON_has_its_result_in_the_characters_in_which_it_came() {
        assertThat(call("step", "nightly", "row-7", "--json").out()).contains("\"result\":{\"key\":\"row-7\"}");
    }

    @Test
    void the_log_of_a_step_is_printed_as_it_was_printed() {
        InThisJvm ended = call("logs", "nightly", "talker");

        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.out()).isEqualTo("said \u001b[31mred\u001b[0m\n");
        assertThat(json(call("logs", "nightly", "talker", "--json"))
                        .getFirst()
                        .path("line")
                        .asText())
                .isEqualTo("said \u001b[31mred\u001b[0m");
    }

    @Test
    void the_log_of_a_step_that_has_ended_is_not_followed_for_ever() {
        InThisJvm ended = call("logs", "nightly", "talker", "--follow");

        assertThat(ended.status()).isZero();
        assertThat(ended.out()).isEqualTo("said \u001b[31mred\u001b[0m\n");
        assertThat(ended.err()).contains("The step is SUCCEEDED.");
    }

    @Test
    void a_log_is_followed_from_before_the_step_begins_to_its_end() {
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch("later", Dispatch.of("d", List.of(Step.of("talker", "talkative", Map.of("seconds", 3)))));

            InThisJvm ended = call("logs", "later", "talker", "--follow");

            assertThat(ended.status()).as(ended.err()).isZero();
            assertThat(ended.out()).isEqualTo("said \u001b[31mred\u001b[0m\n");
            assertThat(ended.err()).contains("The step is SUCCEEDED.");
        }
    }

    @Test
    void a_steps_input_is_printed_alone_in_the_characters_in_which_it_came() {
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch(
                    "typed",
                    JsonValue.parse("{\"dispatchId\":\"d\",\"steps\":[{\"key\":\"a\",\"handler\":\"stepstile.echo\","
                            + "\"input\":{\"b\":-0.0,\"a\":1E400}}]}"));
            assertThat(client.follow("typed", List.of("a")).await(Duration.ofMinutes(1), _ -> {}))
                    .isTrue();
        }
        assertThat(call("step", "typed", "a", "--input").out()).isEqualTo("{\"b\":-0.0,\"a\":1E400}\n");
    }

    @Test
    void an_input_that_is_too_large_for_an_answer_is_said_to_be_where_it_is() throws Exception {
        try (ScriptedApi api = new ScriptedApi(_ -> ScriptedApi.Answer.json("{\"key\":\"a\",\"inputLocation\":"
                + "{\"store\":\"PAYLOADS\",\"key\":\"inputs/r/d/0\",\"size\":4000000,\"sha256\":\"x\"}}"))) {
            InThisJvm ended = InThisJvm.run("step", "r", "a", "--input", "--endpoint", api.endpoint());

            assertThat(ended.status()).isEqualTo(Exit.REFUSED);
            assertThat(ended.out()).isEmpty();
            assertThat(ended.err()).contains("4,000,000 bytes", "payload store, as inputs/r/d/0");
        }
    }

    @Test
    void the_log_of_a_run_has_each_line_of_each_step_with_its_step() throws Exception {
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch(
                    "talks",
                    Dispatch.of(
                            "d",
                            List.of(
                                    Step.of("one", "talkative", Map.of("seconds", 0)),
                                    Step.of("silent", "stepstile.echo", null),
                                    Step.of("two", "talkative", Map.of("seconds", 2)))));

            InThisJvm followed = call("logs", "talks", "--follow");

            assertThat(followed.status()).as(followed.err()).isZero();
            assertThat(followed.out().lines())
                    .containsExactlyInAnyOrder("one\tsaid \u001b[31mred\u001b[0m", "two\tsaid \u001b[31mred\u001b[0m");
            assertThat(followed.err()).contains("The run has ended");
            assertThat(json(call("logs", "talks", "--json")).stream()
                            .map(line -> line.path("key").asText()
                                    + line.path("attempt").asInt()))
                    .containsExactlyInAnyOrder("one1", "two1");
        }
    }

    @Test
    void the_log_of_a_run_is_in_the_order_of_its_pages_whatever_the_order_of_the_feed() throws Exception {
        String feed = "{\"entries\":["
                + "{\"key\":\"b\",\"attempt\":1,\"at\":\"2026-11-24T08:00:03Z\",\"state\":\"DEAD\",\"logPageCount\":2},"
                + "{\"key\":\"a\",\"attempt\":2,\"at\":\"2026-11-24T08:00:02Z\",\"page\":0},"
                + "{\"key\":\"b\",\"attempt\":1,\"at\":\"2026-11-24T08:00:01Z\",\"page\":0},"
                + "{\"key\":\"silent\",\"attempt\":1,\"at\":\"2026-11-24T08:00:00Z\",\"state\":\"DEAD\",\"logPageCount\":0}"
                + "],\"cursor\":\"end\",\"caughtUp\":true}";
        String page = "{\"attempt\":%d,\"page\":%d,\"at\":\"2026-11-24T08:00:00Z\",\"lines\":[\"%s\"]}";
        String ofA = "{\"logPages\":[" + page.formatted(2, 0, "a0") + "]}";
        String ofB = "{\"logPages\":[" + page.formatted(1, 0, "b0") + "," + page.formatted(1, 1, "b1") + "]}";
        try (ScriptedApi api = new ScriptedApi(call -> ScriptedApi.Answer.json(
                call.target().contains("/feed")
                        ? feed
                        : call.target().contains("key=a") ? ofA : call.target().contains("key=b") ? ofB : "{}"))) {
            InThisJvm ended = InThisJvm.run("logs", "r", "--endpoint", api.endpoint());

            assertThat(ended.out().lines()).as(ended.err()).containsExactly("b\tb0", "a #2\ta0", "b\tb1");
            assertThat(api.calls().stream().map(ScriptedApi.Call::target))
                    .as("a step that printed nothing costs no call")
                    .noneMatch(target -> target.contains("key=silent"));
        }
    }

    @Test
    void a_stack_that_stops_while_it_is_followed_is_not_reached_any_more() throws Exception {
        AtomicInteger feeds = new AtomicInteger();
        try (ScriptedApi api = new ScriptedApi(call -> {
            boolean gone = call.target().contains("/feed") && feeds.incrementAndGet() > 1;
            return gone
                    ? ScriptedApi.Answer.HANG_UP
                    : ScriptedApi.Answer.json(
                            call.target().contains("/feed")
                                    ? "{\"entries\":[],\"cursor\":\"end\",\"caughtUp\":true}"
                                    : "{\"runId\":\"r\",\"openDispatchCount\":1}");
        })) {
            for (String command : List.of("logs", "feed")) {
                feeds.set(0);
                InThisJvm ended =
                        InThisJvm.run(command, "r", "--follow", "--patience", "1", "--endpoint", api.endpoint());

                assertThat(ended.status()).as(command + ended.err()).isEqualTo(Exit.NOT_REACHED);
                assertThat(ended.err()).contains("./stepstile doctor --endpoint");
            }
        }
    }

    @Test
    void what_goes_wrong_is_JSON_on_standard_error_for_whoever_asked_for_JSON() {
        JsonNode refused = Json.parse(call("status", "no-such-run", "--json").err());
        JsonNode unreached = Json.parse(
                InThisJvm.run("steps", "nightly", "-o", "json", "--endpoint", "http://127.0.0.1:9", "--patience", "1")
                        .err());
        InThisJvm usage = InThisJvm.run("steps", "nightly", "--json", "--limit", "none");

        assertThat(refused.path("error").asText()).isEqualTo("run-not-found");
        assertThat(refused.path("detail").asText()).contains("./stepstile runs");
        assertThat(refused.path("exitStatus").asInt()).isEqualTo(Exit.REFUSED);
        assertThat(unreached.path("error").asText()).isEqualTo("not-reached");
        assertThat(unreached.path("exitStatus").asInt()).isEqualTo(Exit.NOT_REACHED);
        assertThat(usage.status()).isEqualTo(Exit.USAGE);
        assertThat(Json.parse(usage.err()).path("error").asText()).isEqualTo("usage");
    }

    @Test
    void the_feed_has_each_end_once() {
        InThisJvm ended = call("feed", "nightly", "--json");

        assertThat(json(ended).stream().map(entry -> entry.path("key").asText()))
                .hasSize(32)
                .containsAll(GOOD)
                .contains(BAD)
                .doesNotHaveDuplicates();
    }

    @Test
    void a_feed_is_followed_until_the_run_has_ended() {
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch(
                    "followed",
                    Dispatch.of(
                            "d",
                            List.of(
                                    Step.of("now", "stepstile.echo", null),
                                    Step.of("slow", "stepstile.sleep", Map.of("seconds", 3)))));

            InThisJvm ended = call("feed", "followed", "--follow");

            assertThat(ended.status()).isZero();
            assertThat(ended.out().lines())
                    .hasSize(2)
                    .anyMatch(line -> line.matches("20\\S+Z +SUCCEEDED  now"))
                    .anyMatch(line -> line.matches("20\\S+Z +SUCCEEDED  slow"));
        }
    }

    @Test
    void what_runs_is_listed_with_its_worker() throws Exception {
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch(
                    "busy", Dispatch.of("d", List.of(Step.of("slow", "stepstile.sleep", Map.of("seconds", 4)))));
            InThisJvm ended = call("running", "busy", "--json");
            for (int i = 0; i < 50 && ended.out().isEmpty(); i++) {
                Thread.sleep(100);
                ended = call("running", "busy", "--json");
            }

            assertThat(json(ended)).hasSize(1);
            assertThat(json(ended).getFirst().path("worker").asText()).isNotEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "status, a/../b, A run's id has",
        "steps, ünï, A run's id has",
    })
    void a_runs_id_that_is_none_is_wrong_usage(String command, String run, String said) {
        InThisJvm ended = call(command, run);

        assertThat(ended.status()).isEqualTo(Exit.USAGE);
        assertThat(ended.err()).contains(said, "./stepstile " + command + " --help");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "steps nightly --limit 0",
                "steps nightly --state SUCEEDED",
                "steps nightly --since yesterday",
                "steps nightly --tag region",
                "steps nightly --json --output csv",
                "status nightly --output csv",
                "logs nightly talker --follow --attempt 1",
                "logs nightly --attempt 1",
                "step nightly talker --input --result",
                "running nightly --worker w",
                "steps nightly --limit 1e9",
                "steps nightly --state UNRECOGNISED",
                "step nightly",
                "completion tcsh"
            })
    void wrong_values_are_wrong_usage_and_nothing_is_called(String words) {
        InThisJvm ended = InThisJvm.run(Stream.of(words.split(" ", -1)).toArray());

        assertThat(ended.status()).as(ended.err()).isEqualTo(Exit.USAGE);
        assertThat(ended.err()).contains(words.contains("--json") ? "\"error\":\"usage\"" : "--help");
    }

    @Test
    void what_follows_is_as_patient_as_a_restart_of_the_stack_is_long() {
        for (ApiCommand command : List.of(new FeedCommand(), new LogsCommand())) {
            new CommandLine(command).parseArgs("nightly");
            assertThat(command.patience()).isEqualTo(Duration.ofSeconds(10));
            new CommandLine(command).parseArgs("nightly", "--follow");
            assertThat(command.patience()).isEqualTo(Duration.ofSeconds(60));
        }
    }

    @Test
    void a_complaint_repeats_little_of_what_was_typed() {
        String typed = "x".repeat(10_000);
        for (List<String> words : List.of(
                List.of("status", typed),
                List.of("steps", "nightly", "--since", typed),
                List.of("steps", "nightly", "--limit", typed),
                List.of("steps", "nightly", "--" + typed),
                List.of("status", "nightly", typed),
                List.of("redrive", "nightly", "--yes", "--set", typed))) {
            InThisJvm ended = InThisJvm.run(words.toArray());

            assertThat(ended.status()).as(words.getFirst()).isEqualTo(Exit.USAGE);
            assertThat(ended.err()).as(words.getFirst()).hasSizeLessThan(600);
        }
    }

    @Test
    void a_word_that_begins_as_an_option_does_is_told_where_it_stands() {
        for (List<String> words : List.of(List.of("step", "nightly", "-dash"), List.of("logs", "nightly", "-dash"))) {
            InThisJvm ended = InThisJvm.run(words.toArray());

            assertThat(ended.status()).isEqualTo(Exit.USAGE);
            assertThat(ended.err()).contains("Unknown option: '-dash'", "stands at the end, behind --");
        }
        assertThat(InThisJvm.run("step", "nightly", "-dash", "--json").err()).contains("Unknown option: '-dash'");
        assertThat(InThisJvm.run("doctor", "-dash").err()).doesNotContain("behind --");
        assertThat(InThisJvm.run("steps", "nightly", "--state", "NONE").err())
                .contains("'NONE' is none of QUEUED, RUNNING, RETRYING, SUCCEEDED, FAILED, DEAD, CANCELLED, UNKNOWN\n");
    }

    @Test
    void a_word_that_begins_with_an_at_sign_is_no_file_of_words() throws Exception {
        Path words = Files.writeString(state.resolve("words"), "nightly --limit 1");

        InThisJvm ended = call("steps", "@" + words);

        assertThat(ended.status()).isEqualTo(Exit.USAGE);
        assertThat(ended.err()).contains("A run's id has", "not '@");
    }

    @Test
    void the_commands_that_a_step_suggests_are_of_that_step_whatever_its_key() throws Exception {
        List<String> keys = List.of("-1", "--help", "~root", "=ls", "@file", "it's $(a) \"key\"");
        try (StepstileClient client = StepstileClient.of(stack.endpoint())) {
            client.dispatch(
                    "odd",
                    Dispatch.of(
                            "d",
                            keys.stream()
                                    .map(key -> Step.of(key, "no.such.handler", null))
                                    .toList()));
            assertThat(client.follow("odd", keys).await(Duration.ofMinutes(1), _ -> {}))
                    .isTrue();
        }

        for (String key : keys) {
            String suggested = InThisJvm.run("step", "--endpoint", stack.endpoint(), "odd", "--", key)
                    .out()
                    .lines()
                    .filter(line -> line.startsWith("Run it again:"))
                    .map(line -> line.replaceFirst("Run it again: +\\./stepstile ", ""))
                    .findFirst()
                    .orElseThrow();
            InThisJvm again = InThisJvm.run(byShell(suggested + " --dry-run").toArray());

            assertThat(again.out()).as(suggested + "\n" + again.err()).contains("1 step would be redriven");
        }
    }

    /** The words of a command, as bash reads them; an option goes before what ends the options. */
    private static List<String> byShell(String command) throws Exception {
        String before = command.replaceFirst("(?s)^(\\w+)(.*) --dry-run$", "$1 --dry-run$2");
        Process bash = new ProcessBuilder("bash", "-c", "printf '%s\\n' " + before).start();
        String words = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(bash.waitFor()).isZero();
        return words.lines().toList();
    }

    @Test
    void a_run_that_is_not_known_is_refused_and_the_command_for_the_known_ones_is_named() {
        for (String command : List.of("status", "steps", "feed", "running")) {
            InThisJvm ended = call(command, "no-such-run");

            assertThat(ended.status()).as(command).isEqualTo(Exit.REFUSED);
            assertThat(ended.err()).as(command).contains("No such run", "./stepstile runs --endpoint");
        }
    }

    @Test
    void an_endpoint_that_does_not_answer_is_not_reached() {
        InThisJvm ended = InThisJvm.run("status", "nightly", "--endpoint", "http://127.0.0.1:9", "--patience", "1");

        assertThat(ended.status()).isEqualTo(Exit.NOT_REACHED);
        assertThat(ended.err()).contains("did not answer", "./stepstile doctor --endpoint http://127.0.0.1:9");
    }

    @Test
    void a_server_that_is_not_Stepstile_is_not_reached() throws Exception {
        try (ScriptedApi other = new ScriptedApi(_ -> ScriptedApi.Answer.of(200, "text/html", "<html>"))) {
            InThisJvm ended = InThisJvm.run("status", "nightly", "--endpoint", other.endpoint());

            assertThat(ended.status()).isEqualTo(Exit.NOT_REACHED);
            assertThat(ended.err()).contains("Is " + other.endpoint() + " Stepstile?");
        }
    }

    @Test
    void a_count_that_needs_several_calls_is_added_up_by_the_API_and_printed_once() throws Exception {
        try (ScriptedApi api = new ScriptedApi(call -> ScriptedApi.Answer.json(
                call.target().contains("cursor=next")
                        ? "{\"runId\":\"r\",\"counts\":{\"SUCCEEDED\":7}}"
                        : "{\"runId\":\"r\",\"counts\":{\"SUCCEEDED\":3},\"cursor\":\"next\"}"))) {
            InThisJvm ended = InThisJvm.run("status", "r", "--exact", "--json", "--endpoint", api.endpoint());

            assertThat(ended.out()).isEqualTo("{\"runId\":\"r\",\"counts\":{\"SUCCEEDED\":7}}\n");
            assertThat(api.calls()).hasSize(2);
        }
    }

    @Test
    void an_interrupted_list_of_pages_asks_for_no_more_than_its_limit() throws Exception {
        try (ScriptedApi api = new ScriptedApi(_ ->
                ScriptedApi.Answer.json("{\"steps\":[{\"key\":\"a\",\"state\":\"QUEUED\"}],\"cursor\":\"more\"}"))) {
            InThisJvm ended =
                    InThisJvm.run("steps", "r", "--limit", "2", "--output", "name", "--endpoint", api.endpoint());

            assertThat(ended.out().lines()).containsExactly("a", "a");
            assertThat(api.calls().stream().map(ScriptedApi.Call::target))
                    .containsExactly("/v1/runs/r/steps?limit=2", "/v1/runs/r/steps?cursor=more&limit=1");
        }
    }
}
