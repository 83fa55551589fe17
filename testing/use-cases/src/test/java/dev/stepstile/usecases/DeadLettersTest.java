package dev.stepstile.usecases;

import static dev.stepstile.usecases.Stack.once;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher.NewStep;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Dead letters are listed, redriven and purged, and no call and no crash costs a step. */
class DeadLettersTest {
    private static final String LIST = "/v1/dead-letters";
    private static final String REDRIVE = "/v1/dead-letters/redrive";
    private static final String PURGE = "/v1/dead-letters/purge";
    private static final String ALL = "{\"all\":true}";

    @TempDir
    Path folder;

    private Stack stack;
    private Api api;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
        api = new Api(stack);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    /** Steps of run r1 that die of their first attempt, and succeed once they are redriven. */
    private void dead(String... keys) throws InterruptedException {
        for (String key : keys) {
            stack.work.on(key, (input, context) -> {
                if (context.attempt() == 1) {
                    throw new IllegalStateException("broken");
                }
                return StepResult.of(context.attempt());
            });
        }
        stack.dispatch("d1", Stream.of(keys).map(Stack::once).toArray(NewStep[]::new));
        stack.deliverAll();
        assertThat(letters()).hasSize(keys.length);
    }

    private List<String> letters() {
        return stack.ports.deadLetters().peek(2_000);
    }

    private JsonNode list(String query) throws InterruptedException {
        return api.get(LIST + query);
    }

    private List<String> keys(String query) throws InterruptedException {
        List<String> keys = new ArrayList<>();
        list(query)
                .path("deadLetters")
                .forEach(letter -> keys.add(letter.path("key").asText()));
        return keys;
    }

    private JsonNode post(String path, String body) throws InterruptedException {
        return api.ok(200, "POST", path, body);
    }

    @Test
    void a_letter_is_listed_with_its_step_and_without_its_body() throws Exception {
        dead("a");
        JsonNode listed = list("");
        assertThat(listed.path("complete").booleanValue()).isTrue();
        assertThat(listed.path("approximateCount").intValue()).isEqualTo(1);
        JsonNode letter = listed.path("deadLetters").path(0);
        assertThat(letter.path("runId").textValue()).isEqualTo("r1");
        assertThat(letter.path("key").textValue()).isEqualTo("a");
        assertThat(letter.path("attempt").intValue()).isEqualTo(1);
        assertThat(letter.path("dispatchId").textValue()).isEqualTo("d1");
        assertThat(letter.path("handler").textValue()).isEqualTo("work");
        assertThat(letter.path("kind").textValue()).isEqualTo("HANDLER_FAILED");
        assertThat(letter.path("message").textValue()).contains("broken");
        assertThat(letter.path("finishedAt").textValue()).isEqualTo(Stack.START.toString());
        assertThat(letter.path("stepState").textValue()).isEqualTo("DEAD");
        assertThat(letter.path("receiveCount").intValue()).isGreaterThan(0);
        assertThat(letter.has("stale")).isFalse();
        assertThat(letter.has("unrecognised")).isFalse();
        assertThat(letter.has("body")).isFalse();
        assertThat(Json.parse(list("?body=true")
                                .path("deadLetters")
                                .path(0)
                                .path("body")
                                .textValue())
                        .path("dead")
                        .path("key")
                        .textValue())
                .isEqualTo("a");
    }

    @Test
    void listing_changes_nothing_and_hides_nothing() throws Exception {
        dead("a", "b");
        for (int i = 0; i < 3; i++) {
            assertThat(keys("")).containsExactlyInAnyOrder("a", "b");
        }
        assertThat(letters()).hasSize(2);
    }

    @Test
    void letters_are_selected_by_all_that_is_named() throws Exception {
        dead("a", "b");
        stack.ports.deadLetters().moveToDeadLetters("g", "hello");
        assertThat(keys("")).hasSize(3);
        assertThat(keys("?runId=r1")).containsExactlyInAnyOrder("a", "b");
        assertThat(keys("?runId=r1&key=a")).containsExactly("a");
        assertThat(keys("?runId=r2")).isEmpty();
        assertThat(keys("?handler=work&kind=HANDLER_FAILED")).containsExactlyInAnyOrder("a", "b");
        assertThat(keys("?handler=other")).isEmpty();
        assertThat(keys("?kind=TIMEOUT")).isEmpty();
        assertThat(keys("?kind=UNRECOGNISED_MESSAGE")).containsExactly("");
        assertThat(keys("?limit=2")).hasSize(2);
        assertThat(list("?limit=2").path("complete").booleanValue()).isFalse();
    }

    @Test
    void the_newest_comes_first() throws Exception {
        for (String key : List.of("a", "b", "c")) {
            stack.ports
                    .deadLetters()
                    .moveToDeadLetters("g", "{\"v\":3,\"runId\":\"r9\",\"key\":\"" + key + "\",\"handler\":\"work\"}");
            stack.time.advance(Duration.ofSeconds(1));
        }
        assertThat(keys("")).containsExactly("c", "b", "a");
    }

    @Test
    void what_is_not_recognised_is_shown_as_such_and_its_text_only_as_the_body() throws Exception {
        stack.ports.deadLetters().moveToDeadLetters("g", "<script>secret</script>");
        JsonNode letter = list("").path("deadLetters").path(0);
        assertThat(letter.path("unrecognised").booleanValue()).isTrue();
        assertThat(letter.path("kind").textValue()).isEqualTo("UNRECOGNISED_MESSAGE");
        assertThat(letter.toString()).doesNotContain("secret");
        assertThat(list("?body=true").path("deadLetters").path(0).path("body").textValue())
                .isEqualTo("<script>secret</script>");
    }

    @Test
    void a_redrive_runs_the_steps_again_and_takes_their_letters_out() throws Exception {
        dead("a", "b", "c");
        JsonNode done = post(REDRIVE, "{\"runId\":\"r1\",\"keys\":[\"a\",\"b\"]}");
        assertThat(done)
                .isEqualTo(Json.parse("{\"redrivenCount\":2,\"deletedCount\":2,\"leftCount\":0,\"complete\":true}"));
        assertThat(keys("")).containsExactly("c");
        stack.deliverAll();
        assertThat(stack.state("a")).isEqualTo(StepState.Name.SUCCEEDED);
        assertThat(stack.state("b")).isEqualTo(StepState.Name.SUCCEEDED);
        assertThat(stack.state("c")).isEqualTo(StepState.Name.DEAD);
    }

    @Test
    void a_redrive_of_all_goes_through_more_than_one_receive_and_leaves_what_is_not_recognised() throws Exception {
        String[] keys =
                Stream.iterate(0, i -> i + 1).limit(25).map(i -> "k" + i).toArray(String[]::new);
        dead(keys);
        stack.ports.deadLetters().moveToDeadLetters("g", "hello");
        JsonNode done = post(REDRIVE, ALL);
        assertThat(done.path("redrivenCount").intValue()).isEqualTo(25);
        assertThat(done.path("deletedCount").intValue()).isEqualTo(25);
        assertThat(letters()).containsExactly("hello");
    }

    @Test
    void a_redrive_takes_overrides() throws Exception {
        dead("a");
        post(REDRIVE, "{\"all\":true,\"overrides\":{\"maxAttempts\":7}}");
        assertThat(stack.record("a").settings().retry().maxAttempts()).isEqualTo(7);
    }

    @Test
    void a_redrive_of_a_name_redrives_a_step_once_although_it_died_again() throws Exception {
        stack.work.on("a", (input, context) -> {
            throw new IllegalStateException("always");
        });
        stack.dispatch("d1", once("a"));
        stack.deliverAll();
        String named = "{\"all\":true,\"redriveId\":\"night\"}";
        assertThat(post(REDRIVE, named).path("redrivenCount").intValue()).isEqualTo(1);
        stack.deliverAll();
        assertThat(stack.record("a").attempt()).isEqualTo(2);
        JsonNode again = post(REDRIVE, named);
        assertThat(again.path("deletedCount").intValue()).isZero();
        assertThat(again.path("leftCount").intValue()).isEqualTo(1);
        assertThat(stack.state("a")).isEqualTo(StepState.Name.DEAD);
        assertThat(letters()).hasSize(1);
        assertThat(post(REDRIVE, ALL).path("deletedCount").intValue()).isEqualTo(1);
        assertThat(stack.state("a")).isEqualTo(StepState.Name.RETRYING);
    }

    @Test
    void a_letter_of_an_earlier_death_redrives_nothing_and_is_taken_out() throws Exception {
        dead("a");
        String old = letters().getFirst();
        post(REDRIVE, ALL);
        stack.deliverAll();
        assertThat(stack.state("a")).isEqualTo(StepState.Name.SUCCEEDED);
        stack.ports.deadLetters().moveToDeadLetters("g", old);
        JsonNode letter = list("").path("deadLetters").path(0);
        assertThat(letter.path("stale").booleanValue()).isTrue();
        assertThat(letter.path("stepState").textValue()).isEqualTo("SUCCEEDED");
        JsonNode done = post(REDRIVE, ALL);
        assertThat(done.path("redrivenCount").intValue()).isZero();
        assertThat(done.path("deletedCount").intValue()).isEqualTo(1);
        assertThat(stack.state("a")).isEqualTo(StepState.Name.SUCCEEDED);
    }

    @Test
    void a_letter_of_an_earlier_death_is_stale_and_redrives_nothing_although_its_step_has_died_again()
            throws Exception {
        stack.work.on("a", (input, context) -> {
            throw new IllegalStateException("always");
        });
        stack.dispatch("d1", once("a"));
        stack.deliverAll();
        String old = letters().getFirst();
        post(REDRIVE, ALL);
        stack.deliverAll();
        String newest = letters().getFirst();
        post(PURGE, ALL);
        stack.ports.deadLetters().moveToDeadLetters("g", old);
        JsonNode letter = list("").path("deadLetters").path(0);
        assertThat(letter.path("attempt").intValue()).isEqualTo(1);
        assertThat(letter.path("stepState").textValue()).isEqualTo("DEAD");
        assertThat(letter.path("stale").booleanValue()).isTrue();
        assertThat(post(REDRIVE, ALL))
                .isEqualTo(Json.parse("{\"redrivenCount\":0,\"deletedCount\":1,\"leftCount\":0,\"complete\":true}"));
        assertThat(stack.state("a")).isEqualTo(StepState.Name.DEAD);
        stack.ports.deadLetters().moveToDeadLetters("g", newest);
        assertThat(list("").path("deadLetters").path(0).has("stale")).isFalse();
        assertThat(post(REDRIVE, ALL).path("redrivenCount").intValue()).isEqualTo(1);
    }

    /** Wherever a redrive ends, a step that is DEAD has its letter, and the same call again does the rest. */
    @Test
    void a_crash_of_a_redrive_at_any_call_leaves_a_letter_and_loses_no_step() throws Exception {
        dead("a", "b");
        stack.faults.restart();
        post(REDRIVE, "{\"all\":true,\"dryRun\":true}");
        int crashes = 0;
        for (boolean after : List.of(false, true)) {
            for (int call = 0; call < 60; call++) {
                crashes += redrivenDespiteACrash("c" + call + after, call, after) ? 1 : 0;
            }
        }
        assertThat(crashes).isGreaterThan(20);
    }

    private boolean redrivenDespiteACrash(String key, int call, boolean after) throws InterruptedException {
        stack.work.on(key, (input, context) -> {
            if (context.attempt() == 1) {
                throw new IllegalStateException("broken");
            }
            return StepResult.of(context.attempt());
        });
        stack.dispatch("d-" + key, once(key));
        stack.deliverAll();
        String body = "{\"runId\":\"r1\",\"keys\":[\"" + key + "\"]}";
        stack.faults.restart();
        if (after) {
            stack.faults.crashAfter("", call);
        } else {
            stack.faults.crashBefore("", call);
        }
        boolean crashed = false;
        try {
            post(REDRIVE, body);
        } catch (Faults.Crash crash) {
            crashed = true;
        }
        stack.faults.restart();
        stack.time.advance(Duration.ofMinutes(3));
        if (stack.state(key) == StepState.Name.DEAD) {
            assertThat(letters()).as("%s after a crash at call %s", key, call).anyMatch(has(key));
        }
        post(REDRIVE, body);
        stack.recover(5);
        assertThat(stack.state(key))
                .as("%s after a crash at call %s", key, call)
                .isEqualTo(StepState.Name.SUCCEEDED);
        assertThat(letters()).as("%s after a crash at call %s", key, call).noneMatch(has(key));
        return crashed;
    }

    private static Predicate<String> has(String key) {
        return letter -> letter.contains("\"" + key + "\"");
    }

    @Test
    void a_purge_deletes_letters_of_steps_that_have_ended_and_changes_no_step() throws Exception {
        dead("a", "b");
        JsonNode done = post(PURGE, "{\"runId\":\"r1\",\"keys\":[\"a\"]}");
        assertThat(done).isEqualTo(Json.parse("{\"purgedCount\":1,\"leftCount\":0,\"complete\":true}"));
        assertThat(keys("")).containsExactly("b");
        assertThat(stack.state("a")).isEqualTo(StepState.Name.DEAD);
        stack.recover(3);
        assertThat(keys("")).containsExactly("b");
        assertThat(stack.dispatched("d1").closed()).isTrue();
    }

    @Test
    void a_purge_leaves_the_letter_of_a_step_that_was_redriven_meanwhile() throws Exception {
        dead("a", "b");
        stack.faults.afterNext("deadLetters.receive", () -> {
            try {
                api.ok(200, "POST", "/v1/runs/r1/redrive", "{\"keys\":[\"a\"]}");
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        JsonNode done = post(PURGE, ALL);
        assertThat(done.path("purgedCount").intValue()).isEqualTo(1);
        assertThat(done.path("leftCount").intValue()).isEqualTo(1);
        assertThat(keys("")).containsExactly("a");
        assertThat(list("").path("deadLetters").path(0).path("stale").booleanValue())
                .isTrue();
        stack.deliverAll();
        assertThat(post(PURGE, ALL).path("purgedCount").intValue()).isEqualTo(1);
        assertThat(stack.state("a")).isEqualTo(StepState.Name.SUCCEEDED);
    }

    @Test
    void what_is_not_recognised_is_purged_only_if_that_is_asked_for() throws Exception {
        dead("a");
        stack.ports.deadLetters().moveToDeadLetters("g", "hello");
        JsonNode done = post(PURGE, "{\"unrecognised\":true}");
        assertThat(done.path("purgedCount").intValue()).isEqualTo(1);
        assertThat(keys("")).containsExactly("a");
        stack.ports.deadLetters().moveToDeadLetters("g", "hello");
        assertThat(post(PURGE, ALL).path("purgedCount").intValue()).isEqualTo(1);
        assertThat(letters()).containsExactly("hello");
        stack.ports.deadLetters().moveToDeadLetters("g", "{\"v\":99}");
        assertThat(post(PURGE, "{\"all\":true,\"unrecognised\":true}")
                        .path("purgedCount")
                        .intValue())
                .isEqualTo(2);
        assertThat(letters()).isEmpty();
    }

    @Test
    void the_letter_of_a_run_that_was_deleted_is_purged_and_not_redriven() throws Exception {
        dead("a");
        String letter = letters().getFirst().replace("\"r1\"", "\"gone\"");
        post(PURGE, ALL);
        stack.ports.deadLetters().moveToDeadLetters("g", letter);
        JsonNode shown = list("").path("deadLetters").path(0);
        assertThat(shown.has("stepState")).isFalse();
        assertThat(shown.path("stale").booleanValue()).isTrue();
        assertThat(post(REDRIVE, ALL).path("leftCount").intValue()).isEqualTo(1);
        assertThat(post(PURGE, "{\"all\":true,\"dryRun\":true}").path("counts")).isEqualTo(Json.parse("{\"GONE\":1}"));
        assertThat(post(PURGE, ALL).path("purgedCount").intValue()).isEqualTo(1);
    }

    /** SQS does so by itself after maxReceiveCount. */
    @Test
    void a_steps_own_message_is_purged_once_its_step_has_ended_and_not_before() throws Exception {
        stack.handOver("a");
        Delivery message = stack.receive(1).getFirst();
        stack.ports.deadLetters().moveToDeadLetters("g", message.body());
        JsonNode shown = list("").path("deadLetters").path(0);
        assertThat(shown.path("kind").textValue()).isEqualTo("RECEIVED_TOO_OFTEN");
        assertThat(shown.path("handler").textValue()).isEqualTo("work");
        assertThat(post(PURGE, ALL).path("leftCount").intValue()).isEqualTo(1);
        assertThat(post(REDRIVE, ALL).path("leftCount").intValue()).isEqualTo(1);
        stack.deliver(List.of(message));
        assertThat(stack.state("a")).isEqualTo(StepState.Name.SUCCEEDED);
        assertThat(post(PURGE, ALL).path("purgedCount").intValue()).isEqualTo(1);
    }

    /** It names no attempt, so it would never fit the one at which its step has died. */
    @Test
    void a_steps_own_message_redrives_its_step_by_its_cause_if_that_is_dead() throws Exception {
        stack.work.on("a", (input, context) -> {
            if (context.attempt() == 1) {
                throw new IllegalStateException("broken");
            }
            return StepResult.of(context.attempt());
        });
        stack.dispatch("d1", once("a"));
        Delivery message = stack.receive(1).getFirst();
        stack.deliver(List.of(message));
        post(PURGE, ALL);
        stack.ports.deadLetters().moveToDeadLetters("g", message.body());
        JsonNode shown = list("").path("deadLetters").path(0);
        assertThat(shown.path("stepState").textValue()).isEqualTo("DEAD");
        assertThat(shown.has("stale")).isFalse();
        String cause = "{\"handler\":\"work\",\"kind\":\"RECEIVED_TOO_OFTEN\"";
        assertThat(post(REDRIVE, cause + ",\"dryRun\":true}").path("counts")).isEqualTo(Json.parse("{\"DEAD\":1}"));
        assertThat(post(REDRIVE, cause + "}"))
                .isEqualTo(Json.parse("{\"redrivenCount\":1,\"deletedCount\":1,\"leftCount\":0,\"complete\":true}"));
        stack.deliverAll();
        assertThat(stack.state("a")).isEqualTo(StepState.Name.SUCCEEDED);
        assertThat(letters()).isEmpty();
    }

    @Test
    void a_dry_run_of_a_redrive_counts_the_letters_that_it_would_delete_and_leave_as_the_redrive_does()
            throws Exception {
        dead("a", "b");
        String letter = letters().getFirst();
        stack.ports.deadLetters().moveToDeadLetters("g", letter.replace("\"a\"", "\"never\""));
        api.ok(200, "POST", "/v1/runs/r1/redrive", "{\"keys\":[\"a\"]}");
        JsonNode would = post(REDRIVE, "{\"all\":true,\"dryRun\":true}");
        assertThat(would.path("counts")).isEqualTo(Json.parse("{\"DEAD\":1}"));
        assertThat(would.path("deletedCount").intValue()).isEqualTo(2);
        assertThat(would.path("leftCount").intValue()).isEqualTo(1);
        assertThat(post(REDRIVE, ALL))
                .isEqualTo(Json.parse("{\"redrivenCount\":1,\"deletedCount\":2,\"leftCount\":1,\"complete\":true}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {REDRIVE, PURGE})
    void a_dry_run_says_what_would_happen_and_writes_nothing(String path) throws Exception {
        dead("a", "b");
        stack.ports.deadLetters().moveToDeadLetters("g", "hello");
        stack.faults.restart();
        JsonNode would = post(path, "{\"all\":true,\"dryRun\":true}");
        assertThat(would.path("dryRun").booleanValue()).isTrue();
        assertThat(would.path("counts")).isEqualTo(Json.parse("{\"DEAD\":2}"));
        assertThat(would.path("examples")).isEqualTo(Json.parse("[\"r1/a\",\"r1/b\"]"));
        assertThat(would.path("complete").booleanValue()).isTrue();
        assertThat(stack.faults.calls())
                .allMatch(call -> List.of(
                                "deadLetters.receive",
                                "deadLetters.release",
                                "store.run",
                                "store.records",
                                "tasks.fork")
                        .contains(call));
        assertThat(letters()).hasSize(3);
        assertThat(stack.state("a")).isEqualTo(StepState.Name.DEAD);
    }

    @Test
    void letters_that_another_call_hides_are_counted_and_not_listed() throws Exception {
        dead("a", "b");
        stack.ports.deadLetters().receive(1, Duration.ofSeconds(30));
        JsonNode listed = list("");
        assertThat(listed.path("deadLetters").size()).isEqualTo(1);
        assertThat(listed.path("approximateCount").intValue()).isEqualTo(2);
        stack.time.advance(Duration.ofSeconds(31));
        assertThat(keys("")).hasSize(2);
    }

    /** What did not fit into a call stays hidden for a while, so that the next call sees the rest. */
    @Test
    void a_call_that_does_not_come_to_the_end_is_continued_by_the_next() throws Exception {
        DeadLetterQueue queue = stack.ports.deadLetters();
        for (int i = 0; i < 1_003; i++) {
            queue.moveToDeadLetters("g", "garbage");
        }
        String all = "{\"all\":true,\"unrecognised\":true}";
        JsonNode would = post(PURGE, "{\"all\":true,\"unrecognised\":true,\"dryRun\":true}");
        assertThat(would.path("deletedCount").intValue()).isEqualTo(1_000);
        assertThat(would.path("examples")).hasSize(10);
        assertThat(would.path("complete").booleanValue()).isFalse();
        JsonNode first = post(PURGE, all);
        assertThat(first.path("purgedCount").intValue())
                .as("a dry run hides none")
                .isEqualTo(1_000);
        assertThat(first.path("complete").booleanValue()).isFalse();
        JsonNode second = post(PURGE, all);
        assertThat(second.path("purgedCount").intValue()).isEqualTo(3);
        assertThat(second.path("complete").booleanValue()).isTrue();
    }

    @Test
    void letters_that_a_call_left_do_not_keep_the_next_call_from_the_others() throws Exception {
        dead("a");
        String letter = letters().getFirst();
        for (int i = 0; i < 1_000; i++) {
            stack.ports.deadLetters().moveToDeadLetters("g", letter.replace("\"a\"", "\"never\""));
        }
        stack.time.advance(Duration.ofSeconds(1));
        stack.ports
                .deadLetters()
                .release(List.of(stack.ports
                        .deadLetters()
                        .receive(1, Duration.ofSeconds(9))
                        .getFirst()
                        .receipt())); // last now
        JsonNode first = post(PURGE, ALL);
        assertThat(first).isEqualTo(Json.parse("{\"purgedCount\":0,\"leftCount\":1000,\"complete\":false}"));
        JsonNode second = post(PURGE, ALL);
        assertThat(second).isEqualTo(Json.parse("{\"purgedCount\":1,\"leftCount\":0,\"complete\":true}"));
    }

    @Test
    void a_letter_that_cannot_be_released_comes_back_by_itself() throws Exception {
        dead("a");
        stack.faults.fail("deadLetters.release");
        assertThat(keys("")).containsExactly("a");
        assertThat(keys("")).isEmpty();
        stack.time.advance(Duration.ofMinutes(2).minusSeconds(1));
        assertThat(keys("")).isEmpty();
        stack.time.advance(Duration.ofSeconds(2));
        assertThat(keys("")).containsExactly("a");
    }

    @Test
    void the_letter_of_a_step_without_a_record_is_left() throws Exception {
        dead("a");
        String letter = letters().getFirst();
        stack.ports.deadLetters().moveToDeadLetters("g", letter.replace("\"a\"", "\"never\""));
        assertThat(stack.ports.store().record(new StepId("r1", "never"), 0)).isEmpty();
        assertThat(post(PURGE, "{\"runId\":\"r1\",\"keys\":[\"never\"]}")
                        .path("leftCount")
                        .intValue())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            400 bad-selection      | {}
            400 bad-selection      | ``
            400 bad-selection      | {"all":false}
            400 bad-selection      | {"runId":null,"dryRun":true}
            400 bad-selection      | {"all":true,"runId":"r1"}
            400 bad-selection      | {"all":true,"kind":"TIMEOUT"}
            400 bad-flag           | {"all":1}
            400 bad-flag           | {"all":"true"}
            400 bad-flag           | {"all":true,"dryRun":"yes"}
            400 bad-run-id         | {"runId":"a b"}
            400 bad-run-id         | {"runId":7}
            400 bad-run-id         | {"keys":["a"]}
            400 bad-keys           | {"runId":"r1","keys":[]}
            400 bad-keys           | {"runId":"r1","keys":"a"}
            400 bad-step-key       | {"runId":"r1","keys":["a#b"]}
            400 bad-handler        | {"handler":"a b"}
            400 bad-handler        | {"handler":[]}
            400 bad-kind           | {"kind":"BROKEN"}
            400 bad-kind           | {"kind":"UNRECOGNISED_MESSAGE"}
            400 bad-kind           | {"kind":1}
            400 unknown-member     | {"all":true,"states":["DEAD"]}
            400 bad-json           | []
            400 bad-json           | {
            """)
    void a_body_that_is_not_as_it_should_be_is_refused_and_nothing_happens(String problem, String body)
            throws Exception {
        dead("a");
        for (String path : List.of(REDRIVE, PURGE)) {
            assertThat(api.problem("POST", path, body)).as(path).isEqualTo(problem);
        }
        assertThat(letters()).hasSize(1);
        assertThat(stack.state("a")).isEqualTo(StepState.Name.DEAD);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            400 bad-selection     | POST | /v1/dead-letters/purge   | {"unrecognised":true,"runId":"r1"}
            400 bad-flag          | POST | /v1/dead-letters/purge   | {"unrecognised":"no","all":true}
            400 unknown-member    | POST | /v1/dead-letters/purge   | {"all":true,"overrides":{}}
            400 unknown-member    | POST | /v1/dead-letters/redrive | {"all":true,"unrecognised":true}
            400 bad-overrides     | POST | /v1/dead-letters/redrive | {"all":true,"overrides":7}
            400 bad-overrides     | POST | /v1/dead-letters/redrive | {"all":true,"overrides":{"input":1}}
            400 bad-max-attempts  | POST | /v1/dead-letters/redrive | {"all":true,"overrides":{"maxAttempts":101}}
            400 bad-redrive-id    | POST | /v1/dead-letters/redrive | {"all":true,"redriveId":"a b"}
            400 unknown-parameter | POST | /v1/dead-letters/redrive?all=true | {}
            400 unknown-parameter | GET  | /v1/dead-letters?all=true | ``
            400 bad-limit         | GET  | /v1/dead-letters?limit=0  | ``
            400 bad-limit         | GET  | /v1/dead-letters?limit=1001 | ``
            400 bad-flag          | GET  | /v1/dead-letters?body=yes | ``
            400 bad-run-id        | GET  | /v1/dead-letters?runId=   | ``
            400 bad-run-id        | GET  | /v1/dead-letters?key=a    | ``
            400 bad-step-key      | GET  | /v1/dead-letters?runId=r1&key= | ``
            400 bad-handler       | GET  | /v1/dead-letters?handler=a+b | ``
            400 bad-kind          | GET  | /v1/dead-letters?kind=dead | ``
            405 method-not-allowed | POST | /v1/dead-letters        | {"all":true}
            405 method-not-allowed | GET | /v1/dead-letters/purge   | ``
            405 method-not-allowed | DELETE | /v1/dead-letters      | ``
            404 no-such-call      | POST | /v1/dead-letters/delete  | {"all":true}
            404 no-such-call      | GET  | /v1/dead-letters/redrive/x | ``
            """)
    void a_call_that_is_not_as_it_should_be_is_refused(String problem, String method, String target, String body)
            throws Exception {
        assertThat(api.problem(method, target, body)).isEqualTo(problem);
    }
}
