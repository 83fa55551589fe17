package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.cli.run.InThisJvm;
import dev.stepstile.client.Dispatch;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepStatus;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.codec.Json;
import dev.stepstile.handlers.Echo;
import dev.stepstile.handlers.Sleep;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.usecase.Timing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that find what is wrong, stop it and repeat it, against an embedded stack. */
class ControlCommandsTest {
    @TempDir
    static Path state;

    private static LocalStack stack;
    private static StepstileClient client;

    @BeforeAll
    static void start() {
        Duration second = Duration.ofSeconds(1);
        Timing timing = Timing.of(Duration.ofSeconds(5), second, second, Duration.ofSeconds(30));
        stack = LocalStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, state)
                .withHandlers(List.of(new Echo(), new Sleep(), new Declining()))
                .withTimes(new StackOptions.Times(timing, Duration.ofMinutes(2), Duration.ofMinutes(2))));
        client = StepstileClient.of(stack.endpoint());
    }

    @AfterAll
    static void stop() {
        client.close();
        stack.close();
    }

    private static InThisJvm call(Object... words) {
        return InThisJvm.run(Stream.concat(Stream.of(words), Stream.of("--endpoint", stack.endpoint()))
                .toArray());
    }

    private static List<JsonNode> json(InThisJvm ended) {
        return ended.out().lines().map(Json::parse).toList();
    }

    /** A run of two steps that are declined with different numbers, and one that succeeds, to its end. */
    private static void declined(String run) {
        client.dispatch(
                run,
                Dispatch.of(
                        "d",
                        List.of(
                                Step.of("one", "declining", Map.of("card", 4711)),
                                Step.of("two", "declining", Map.of("card", 4712)),
                                Step.of("good", "stepstile.echo", null))));
        assertThat(client.follow(run, List.of("one", "two", "good")).await(Duration.ofMinutes(1), _ -> {}))
                .isTrue();
    }

    /** A run whose steps wait for an hour. */
    private static void waiting(String run) {
        client.dispatch(
                run,
                JsonValue.parse("{\"dispatchId\":\"d\",\"defaults\":{\"handler\":\"stepstile.echo\","
                        + "\"notBefore\":3600},\"steps\":[{\"key\":\"a-1\"},{\"key\":\"a-2\"},{\"key\":\"b-1\"}]}"));
    }

    private static String stateOf(String run, String key) {
        return json(call("steps", run, "--prefix", key, "--json"))
                .getFirst()
                .path("state")
                .asText();
    }

    @Test
    void runs_are_listed_newest_first_and_by_prefix_and_age() {
        waiting("listed-1");
        declined("listed-2");

        assertThat(call("runs", "--prefix", "listed-", "--output", "name").out().lines())
                .containsExactly("listed-2", "listed-1");
        assertThat(call("runs", "--prefix", "listed-", "--open", "--output", "name")
                        .out()
                        .lines())
                .contains("listed-1");
        assertThat(call("runs", "--prefix", "listed-", "--until", "1h").err()).contains("No run is such a one.");
        assertThat(call("runs", "--prefix", "listed-", "--since", "1h").out()).contains("RUN", "listed-1");
    }

    @Test
    void failures_are_grouped_with_an_example_and_the_command_that_repeats_them() {
        declined("grouped");

        InThisJvm ended = call("failures", "grouped");
        JsonNode group = json(call("failures", "grouped", "--json")).getFirst();

        assertThat(ended.status()).isEqualTo(Exit.NO);
        assertThat(ended.out()).contains("card … declined", "./stepstile step grouped ");
        assertThat(ended.out())
                .contains("./stepstile redrive grouped --failure "
                        + group.path("failure").asText());
        assertThat(group.path("count").asInt()).isEqualTo(2);
    }

    @Test
    void a_run_without_failures_has_none() {
        waiting("sound");

        InThisJvm ended = call("failures", "sound");

        assertThat(ended.status()).isZero();
        assertThat(ended.err()).contains("No step of the run has failed.");
    }

    @Test
    void a_change_needs_somebody_to_ask_or_a_yes() {
        waiting("asked");

        for (List<String> words : List.of(
                List.of("cancel", "asked"), List.of("redrive", "asked"), List.of("dlq", "purge", "--run", "asked"))) {
            InThisJvm ended = call(words.toArray());

            assertThat(ended.status()).as(words.toString()).isEqualTo(Exit.USAGE);
            assertThat(ended.err()).contains("--yes", "--dry-run");
        }
        assertThat(stateOf("asked", "a-1")).isEqualTo("QUEUED");
    }

    @Test
    void a_dry_run_tells_what_would_happen_and_changes_nothing() {
        waiting("dry");

        InThisJvm ended = call("cancel", "dry", "--prefix", "a-", "--dry-run");

        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.out()).contains("2 steps would be cancelled: 2 QUEUED.", "a-1, a-2");
        assertThat(stateOf("dry", "a-1")).isEqualTo("QUEUED");
        JsonNode whole = json(call("cancel", "dry", "--dry-run", "--json")).getFirst();
        assertThat(whole.path("counts").path("QUEUED").asInt()).isEqualTo(3);
    }

    @Test
    void a_dry_run_says_what_it_does_not_find_and_refuses_what_the_call_would() {
        waiting("dry-2");

        InThisJvm keys = call("cancel", "dry-2", "a-1", "nowhere", "--dry-run");
        InThisJvm misspelt = call("redrive", "dry-2", "--set", "attemps=3", "--dry-run");
        InThisJvm over = call("redrive", "dry-2", "--set", "deadline=2020-01-01T00:00:00Z", "--dry-run");

        assertThat(keys.out()).contains("1 step would be cancelled");
        assertThat(keys.err()).contains("No such step: nowhere");
        assertThat(misspelt.err()).contains("'attemps'", "maxAttempts", "unknown-member");
        assertThat(over.err()).contains("'deadline' must be after now", "bad-deadline");
        assertThat(List.of(misspelt.status(), over.status())).containsOnly(Exit.REFUSED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-0.0",
                "1.10",
                "1E400",
                "12345678901234567890.5",
                "{\"b\":1,\"a\":-0.0}",
                "plain text",
                "2026-11-24"
            })
    void an_input_is_set_as_it_was_typed(String value) throws Exception {
        try (ScriptedApi api = new ScriptedApi(_ -> ScriptedApi.Answer.json("{\"redrivenCount\":1}"))) {
            InThisJvm.run("redrive", "r", "k", "--set", "input=" + value, "--yes", "--endpoint", api.endpoint());

            String text = value.matches("[a-z2].*") && !value.startsWith("{") ? "\"" + value + "\"" : value;
            assertThat(api.calls().getFirst().body()).contains("\"overrides\":{\"input\":" + text + "}");
        }
    }

    @Test
    void some_steps_are_cancelled_and_then_the_run() {
        waiting("cancelled");

        InThisJvm some = call("cancel", "cancelled", "a-1", "nowhere", "--yes");
        assertThat(some.out()).contains("1 step was cancelled.");
        assertThat(some.err()).contains("No such step: nowhere");
        assertThat(stateOf("cancelled", "a-1")).isEqualTo("CANCELLED");
        assertThat(stateOf("cancelled", "a-2")).isEqualTo("QUEUED");

        assertThat(call("cancel", "cancelled", "--yes").out()).contains("2 steps were cancelled.");
        assertThat(client.status("cancelled").cancelled()).isTrue();
    }

    @Test
    void a_group_of_failures_is_run_again_with_another_handler() throws Exception {
        declined("repaired");
        String failure = json(call("failures", "repaired", "--json"))
                .getFirst()
                .path("failure")
                .asText();

        InThisJvm dry = call("redrive", "repaired", "--failure", failure, "--dry-run");
        InThisJvm ended = call("redrive", "repaired", "--failure", failure, "--set", "handler=stepstile.echo", "--yes");

        assertThat(dry.out()).contains("2 steps would be redriven: 2 FAILED.");
        assertThat(ended.out()).as(ended.err()).contains("2 steps were redriven.");
        Eventually.await(() -> stateOf("repaired", "one").equals("SUCCEEDED")
                && stateOf("repaired", "two").equals("SUCCEEDED"));
    }

    @Test
    void a_run_a_handler_and_everything_are_paused_listed_and_resumed() {
        waiting("paused");

        assertThat(call("pause", "paused", "--reason", "the source is down").out())
                .contains("Run paused is paused.");
        assertThat(call("pause", "paused").out()).contains("Run paused was paused already, since 20");
        assertThat(call("pause", "--handler", "declining.of.another").out()).contains("is paused.");
        assertThat(call("pause", "--list").out()).contains("the source is down", "declining.of.another");
        assertThat(call("status", "paused").out()).contains("Run         paused  paused");
        assertThat(call("runs", "--paused", "--output", "name").out()).isEqualTo("paused\n");
        assertThat(call("steps", "paused").out()).contains("QUEUED, paused");
        assertThat(call("steps", "paused", "--output", "csv").out()).contains(",QUEUED,");

        assertThat(call("resume", "paused").out()).contains("Run paused is resumed.");
        assertThat(call("resume", "--handler", "declining.of.another").out()).contains("is resumed.");
        assertThat(call("resume", "paused").out()).contains("was not paused");
        assertThat(call("pause", "--list").err()).contains("Nothing is paused.");
    }

    @Test
    void dead_letters_are_listed_shown_redriven_and_purged() throws Exception {
        client.dispatch(
                "dead",
                JsonValue.parse("{\"dispatchId\":\"d\",\"steps\":["
                        + "{\"key\":\"x\",\"handler\":\"stepstile.sleep\",\"input\":{\"seconds\":9},\"timeoutSeconds\":1,"
                        + "\"maxAttempts\":1},"
                        + "{\"key\":\"y\",\"handler\":\"stepstile.sleep\",\"input\":{\"seconds\":9},\"timeoutSeconds\":1,"
                        + "\"maxAttempts\":1}]}"));
        Eventually.await(() ->
                call("dlq", "list", "--run", "dead", "--json").out().lines().count() == 2);

        assertThat(call("dlq", "list", "--run", "dead").out()).contains("DEAD", "TIMEOUT");
        assertThat(call("dlq", "show", "dead", "x").out())
                .contains("of run dead", "\"seconds\":9", "./stepstile dlq redrive --run dead --key x");
        assertThat(call("dlq", "redrive", "--run", "dead", "--dry-run").out()).contains("2 steps would be redriven");
        InThisJvm redriven =
                call("dlq", "redrive", "--run", "dead", "--key", "x", "--set", "handler=stepstile.echo", "--yes");
        assertThat(redriven.out()).as(redriven.err()).contains("1 step was redriven.", "1 dead letters were deleted.");
        assertThat(call("dlq", "purge", "--run", "dead", "--yes").out()).contains("1 dead letter was deleted.");
        assertThat(call("dlq", "list", "--run", "dead").err()).contains("No dead letter is such a one.");
        assertThat(client.exactStatus("dead").counts()).containsKey(StepStatus.DEAD); // purged, and not run again
    }

    @Test
    void a_step_without_a_dead_letter_has_none_to_show() {
        waiting("alive");

        InThisJvm ended = call("dlq", "show", "alive", "a-1");

        assertThat(ended.status()).isEqualTo(Exit.REFUSED);
        assertThat(ended.err()).contains("no dead letter", "./stepstile step alive a-1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pause",
                "pause r --everything",
                "resume",
                "resume r --handler h",
                "dlq",
                "dlq redrive --yes",
                "dlq purge --yes",
                "dlq purge --all --run r --yes",
                "dlq redrive --key k --yes",
                "runs --since soon",
                "dlq list --limit 0",
                "dlq list --limit 1001",
                "redrive r --set timeoutSeconds --yes",
                "redrive r --set =5 --yes",
                "redrive r --set handler=null --yes",
                "redrive r --set maxAttempts=1 --set maxAttempts=2 --yes",
                "redrive r k --set input={\"a\":1,\"a\":2} --yes",
                "redrive r k --set retry={ --yes",
                "cancel a/b --yes"
            })
    void a_change_that_does_not_say_of_what_is_wrong_usage(String words) {
        InThisJvm ended = InThisJvm.run((Object[]) words.split(" ", -1));

        assertThat(ended.status()).as(ended.err()).isEqualTo(Exit.USAGE);
    }

    @Test
    void what_the_API_refuses_is_said_in_its_words() {
        waiting("refused");

        InThisJvm state = call("redrive", "refused", "--state", "RUNNING", "--yes");
        InThisJvm set = call("redrive", "refused", "--set", "maxAttempts=many", "--yes");
        InThisJvm kind = call("steps", "refused", "--kind", "NO_KIND");

        assertThat(Stream.of(state, set, kind).map(InThisJvm::status)).containsOnly(Exit.REFUSED);
        assertThat(state.err()).contains("bad-state");
        assertThat(set.err()).contains("bad-max-attempts");
        assertThat(kind.err()).contains("bad-kind");
    }

    @Test
    void a_change_that_is_not_complete_is_repeated_with_its_name_and_counted_together() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        try (ScriptedApi api = new ScriptedApi(_ -> ScriptedApi.Answer.json("{\"redrivenCount\":"
                + calls.incrementAndGet() + ",\"damagedKeys\":[\"bad\"],\"complete\":" + (calls.get() == 3) + "}"))) {
            InThisJvm ended = InThisJvm.run("redrive", "r", "--yes", "--endpoint", api.endpoint());

            assertThat(ended.out()).contains("6 steps were redriven.");
            assertThat(ended.err()).contains("Its record is damaged: bad");
            assertThat(api.calls().stream()
                            .map(call ->
                                    Json.parse(call.body()).path("redriveId").asText())
                            .distinct())
                    .hasSize(1)
                    .allMatch(id -> id.startsWith("cli-"));
        }
    }

    @Test
    void a_change_that_gets_nowhere_ends_and_says_so() throws Exception {
        try (ScriptedApi api = new ScriptedApi(
                _ -> ScriptedApi.Answer.json("{\"cancelledCount\":0,\"stoppingCount\":0,\"complete\":false}"))) {
            InThisJvm ended = InThisJvm.run("cancel", "r", "--prefix", "a", "--yes", "--endpoint", api.endpoint());

            assertThat(ended.err()).contains("repeat this command later");
            assertThat(api.calls()).hasSize(5);
        }
    }

    @Test
    void failures_of_several_pages_are_added_up() throws Exception {
        String group = "{\"failure\":\"f\",\"count\":2,\"states\":{\"DEAD\":2},\"firstAt\":\"%s\",\"lastAt\":\"%s\"}";
        try (ScriptedApi api = new ScriptedApi(call -> ScriptedApi.Answer.json(
                call.target().contains("cursor=next")
                        ? "{\"failures\":[" + group.formatted("2026-11-24T07:00:00Z", "2026-11-24T07:30:00Z")
                                + "],\"readCount\":2}"
                        : "{\"failures\":["
                                + group.formatted("2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z")
                                + "],\"readCount\":2,\"cursor\":\"next\"}"))) {
            InThisJvm ended = InThisJvm.run("failures", "r", "--json", "--endpoint", api.endpoint());

            assertThat(json(ended)).hasSize(1);
            assertThat(json(ended).getFirst().path("count").asInt()).isEqualTo(4);
            assertThat(json(ended).getFirst().path("states").path("DEAD").asInt())
                    .isEqualTo(4);
            assertThat(json(ended).getFirst().path("firstAt").asText()).isEqualTo("2026-11-24T07:00:00Z");
            assertThat(json(ended).getFirst().path("lastAt").asText()).isEqualTo("2026-11-24T09:00:00Z");
        }
    }

    @Test
    void the_doctor_finds_what_is_stuck_and_names_the_commands_for_it() throws Exception {
        call("pause", "--handler", "declining.in.vain");
        client.dispatch(
                "doctored",
                JsonValue.parse("{\"dispatchId\":\"d\",\"steps\":[{\"key\":\"x\",\"handler\":"
                        + "\"stepstile.sleep\",\"input\":{\"seconds\":9},\"timeoutSeconds\":1,\"maxAttempts\":1}]}"));
        Eventually.await(
                () -> !call("dlq", "list", "--run", "doctored", "--json").out().isEmpty());

        InThisJvm ended = call("doctor");
        call("resume", "--handler", "declining.in.vain");
        call("dlq", "purge", "--run", "doctored", "--yes");

        assertThat(ended.status()).isEqualTo(Exit.NO);
        assertThat(ended.out())
                .contains("WRONG  pauses", "./stepstile pause --list --endpoint", "WRONG  dead letters")
                .contains("End the oldest: ./stepstile resume --handler declining.in.vain --endpoint")
                .contains("./stepstile dlq list --endpoint", "ok     workers", "ok     waiting");
    }

    @Test
    void an_API_of_an_earlier_version_is_examined_as_far_as_it_can_tell() throws Exception {
        try (ScriptedApi api = new ScriptedApi(call -> ScriptedApi.Answer.of(
                404,
                "application/problem+json",
                "{\"type\":\"https://stepstile.dev/problems/"
                        + (call.target().contains("stepstile.doctor") ? "run-not-found" : "no-such-call")
                        + "\",\"status\":404,\"detail\":\"No such call.\"}"))) {
            InThisJvm ended = InThisJvm.run("doctor", "--endpoint", api.endpoint());

            assertThat(ended.status()).isZero();
            assertThat(ended.out()).contains("?      dead letters", "deploy the current one");
        }
    }
}
