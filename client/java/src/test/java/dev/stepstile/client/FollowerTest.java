package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.stepstile.testing.ScriptedApi;
import dev.stepstile.testing.ScriptedApi.Answer;
import dev.stepstile.testing.ScriptedApi.Call;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against an API whose feed shows entries late, twice, or never. */
class FollowerTest {
    private static final String AT = "2026-11-24T08:00:00.123456789Z";

    /** What the feed shows, by position. */
    private final ConcurrentSkipListMap<String, ObjectNode> feed = new ConcurrentSkipListMap<>();

    private final Map<String, ObjectNode> records = new ConcurrentHashMap<>();
    private final Map<String, List<String>> logs = new ConcurrentHashMap<>();
    private final Map<String, String> results = new ConcurrentHashMap<>();
    /** The keys that were looked up or read. */
    private final List<String> asked = new CopyOnWriteArrayList<>();

    private final ManualPacing pacing = new ManualPacing();
    private ScriptedApi api;
    private StepstileClient client;
    private Function<Call, @Nullable Answer> trouble = _ -> null;

    @BeforeEach
    void start() throws IOException {
        api = new ScriptedApi(this::answer);
        client = new StepstileClient(ClientOptions.of(api.endpoint()).withPatience(Duration.ofMillis(1)), pacing);
    }

    @AfterEach
    void stop() {
        client.close();
        api.close();
    }

    private Answer answer(Call call) {
        Answer instead = trouble.apply(call);
        if (instead != null) {
            return instead;
        }
        String path = call.target().split("\\?", 2)[0];
        ObjectNode body = Json.object();
        if (path.endsWith("/feed")) {
            String cursor = parameter(call, "cursor");
            List<Map.Entry<String, ObjectNode>> later =
                    feed.tailMap(cursor, false).entrySet().stream().limit(50).toList();
            ArrayNode entries = body.putArray("entries");
            later.forEach(entry -> entries.add(entry.getValue()));
            body.put("cursor", later.isEmpty() ? cursor : later.getLast().getKey())
                    .put("caughtUp", later.size() < 50);
        } else if (path.endsWith("/lookup")) {
            ArrayNode entries = body.putArray("entries");
            for (JsonNode key : JsonValue.parse(call.body()).tree().path("keys")) {
                asked.add(key.asText());
                if (records.containsKey(key.asText())) {
                    entries.add(stored(key.asText()));
                }
            }
        } else if (path.endsWith("/step/result")) {
            byte[] bytes = String.valueOf(results.get(parameter(call, "key"))).getBytes(StandardCharsets.UTF_8);
            int offset = Integer.parseInt(parameter(call, "offset"));
            byte[] piece = Arrays.copyOfRange(bytes, offset, Math.min(bytes.length, offset + 5));
            body.put("size", bytes.length)
                    .put("sha256", RequestWriter.sha256(bytes))
                    .put("content", Base64.getEncoder().encodeToString(piece));
        } else {
            String key = parameter(call, "key");
            String attempt = parameter(call, "attempt");
            asked.add(key);
            body = stored(key);
            ArrayNode log = body.putArray("logPages");
            List<String> lines = logs.getOrDefault(key + "#" + attempt, List.of());
            for (int number = 0; number < lines.size(); number++) {
                log.addObject()
                        .put("attempt", Integer.parseInt(attempt))
                        .put("page", number)
                        .put("at", AT)
                        .putArray("lines")
                        .add(lines.get(number));
            }
        }
        return Answer.of(200, Json.print(body));
    }

    private static String parameter(Call call, String name) {
        var found = Pattern.compile("[?&]" + name + "=([^&]*)").matcher(call.target());
        return found.find() ? found.group(1) : "";
    }

    private ObjectNode stored(String key) {
        ObjectNode node = Json.object().put("key", key).put("state", "RUNNING").put("attempt", 1);
        ObjectNode told = records.get(key);
        return told == null ? node : node.setAll(told);
    }

    private ObjectNode ended(String position, String key, int attempt, String state) {
        ObjectNode entry = Json.object()
                .put("key", key)
                .put("attempt", attempt)
                .put("state", state)
                .put("at", AT)
                .put("logPageCount", 0);
        feed.put(position, entry);
        return entry;
    }

    private void succeeded(String position, String key) {
        ended(position, key, 1, "SUCCEEDED").putRawValue("result", new RawValue("1.10"));
    }

    private void page(String position, String key, int number, String line) {
        logs.computeIfAbsent(key + "#1", _ -> new CopyOnWriteArrayList<>()).add(line);
        feed.put(position, Json.object().put("key", key).put("attempt", 1).put("page", number));
    }

    private ObjectNode inStore(String key, String state, int attempt) {
        ObjectNode node = Json.object().put("state", state).put("attempt", attempt);
        records.put(key, node);
        return node;
    }

    private Follower follower(String... keys) {
        return client.follow("r", List.of(keys));
    }

    private static List<String> keys(List<RunEvent> events) {
        return events.stream()
                .filter(event -> event instanceof StepEnded)
                .map(RunEvent::key)
                .toList();
    }

    private static List<String> words(List<RunEvent> events) {
        return events.stream()
                .map(event -> switch (event) {
                    case LogPage page -> page.lines().getFirst();
                    case StepEnded end -> end.key() + " ended";
                    case StepDamaged step -> step.key() + " damaged";
                })
                .toList();
    }

    private static List<String> others(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> String.format("other-%04d", i))
                .toList();
    }

    @Test
    void a_loop_that_is_left_is_gone_on_with_by_another_or_by_a_poll() {
        Follower follower = follower("a", "b", "c");
        for (String key : List.of("a", "b", "c")) {
            succeeded(key, key);
        }
        for (RunEvent event : follower) {
            assertThat(event.key()).isEqualTo("a");
            break;
        }
        assertThat(follower.iterator().next().key()).isEqualTo("b");
        assertThat(keys(follower.poll())).containsExactly("c");
        assertThat(follower).isEmpty();
        assertThat(pacing.pauses()).isEmpty();
    }

    @Test
    void a_loop_takes_on_steps_that_are_added_in_it() {
        succeeded("1", "a");
        Follower follower = follower("a");
        List<RunEvent> events = new ArrayList<>();
        for (RunEvent event : follower) {
            events.add(event);
            if (event.key().equals("a")) {
                succeeded("2", "b");
                follower.add(List.of("b"));
            }
        }
        assertThat(keys(events)).containsExactly("a", "b");
    }

    @Test
    void a_loop_that_an_error_ended_has_lost_nothing() {
        succeeded("1", "a");
        trouble = _ -> Answer.problem("unavailable", 503);
        Follower follower = follower("a");
        assertThatExceptionOfType(UnreachableException.class).isThrownBy(() -> follower.forEach(_ -> {}));
        trouble = _ -> null;
        assertThat(follower).extracting(RunEvent::key).containsExactly("a");
    }

    @Test
    void the_result_of_a_step_that_did_not_succeed_is_an_error_which_says_why() {
        ended("1", "a", 2, "FAILED");
        inStore("a", "FAILED", 2)
                .putObject("error")
                .put("kind", "TERMINAL_FAILURE")
                .put("message", "no such file");
        StepEnded end = (StepEnded) follower("a").iterator().next();
        assertThat(end.result()).isEmpty();
        assertThatExceptionOfType(StepFailedException.class)
                .isThrownBy(end::resultOrThrow)
                .withMessage("Step a ended FAILED at attempt 2: no such file")
                .satisfies(failed -> assertThat(failed.end()).isSameAs(end));
    }

    @Test
    void reports_each_end_once_and_is_complete_when_all_have_ended() {
        Follower follower = follower("a", "b");
        succeeded("1", "a");
        assertThat(follower.poll())
                .containsExactly(new StepEnded(
                        "a",
                        1,
                        new StepState.Succeeded(Instant.parse(AT), new StepResult.Value(JsonValue.parse("1.10"))),
                        List.of()));
        assertThat(follower.missing()).containsExactly("b");
        succeeded("2", "a");
        succeeded("3", "b");
        assertThat(keys(follower.poll())).containsExactly("b");
        assertThat(follower.complete()).isTrue();
        assertThat(asked).as("small results cost no lookup").isEmpty();
    }

    @Test
    void finds_what_appears_behind_where_it_was_by_going_back_when_nothing_comes() {
        Follower follower = follower("a", "b");
        succeeded("2", "b");
        assertThat(keys(follower.poll())).containsExactly("b");
        succeeded("1", "a");
        assertThat(follower.poll()).as("not at once").isEmpty();
        pacing.pass(Duration.ofMillis(250));
        assertThat(keys(follower.poll())).containsExactly("a");
    }

    @Test
    void goes_back_from_where_something_last_came_not_from_now() {
        Follower follower = follower("a", "z");
        follower.add(others(20));
        for (String other : others(20)) {
            succeeded("m" + other, other);
            follower.poll();
            pacing.pass(Duration.ofMillis(100));
        }
        succeeded("mother-0017x", "a");
        List<String> found = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            pacing.pass(Duration.ofMillis(100));
            found.addAll(keys(follower.poll()));
        }
        assertThat(found).containsExactly("a");
    }

    @Test
    void goes_back_further_the_longer_nothing_comes_up_to_fifteen_seconds() {
        Follower follower = follower("a", "z");
        follower.add(others(10));
        for (String other : others(10)) {
            succeeded("m" + other, other);
            follower.poll();
            pacing.pass(Duration.ofSeconds(1));
        }
        succeeded("a0", "a");
        List<String> found = new ArrayList<>();
        Instant limit = pacing.now().plusSeconds(20);
        while (found.isEmpty() && pacing.now().isBefore(limit)) {
            found.addAll(keys(follower.poll()));
            pacing.pass(Duration.ofMillis(100));
        }
        assertThat(found).containsExactly("a");
    }

    @Test
    void finds_late_entries_every_five_seconds_although_others_keep_coming() {
        Follower follower = follower("a", "z");
        follower.add(others(100));
        List<String> found = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            String other = others(100).get(i);
            succeeded("m" + other, other);
            if (i == 30) { // three seconds on, behind where the reader was after one
                succeeded("mother-0010x", "a");
            }
            found.addAll(keys(follower.poll()));
            pacing.pass(Duration.ofMillis(100));
        }
        assertThat(found).contains("a");
    }

    @Test
    void looks_up_after_half_a_minute_what_the_feed_never_shows() {
        Follower follower = follower("a", "b");
        inStore("a", "DEAD", 1).putObject("error").put("kind", "WORKER_LOST").put("message", "no heartbeat");
        inStore("b", "RUNNING", 1);
        assertThat(follower.poll()).isEmpty();
        pacing.pass(Duration.ofSeconds(31));
        assertThat(follower.poll()).singleElement().satisfies(event -> {
            assertThat(event).isInstanceOf(StepEnded.class);
            assertThat(((StepEnded) event).state())
                    .isEqualTo(new StepState.Dead(Instant.EPOCH, new StepError("WORKER_LOST", "no heartbeat"), null));
        });
        assertThat(follower.missing()).containsExactly("b");
    }

    @Test
    void reports_the_pages_of_a_step_in_order_and_before_its_end() {
        Follower follower = client.followWithLogs("r", List.of("a", "b"));
        page("1", "a", 0, "one");
        assertThat(words(follower.poll())).containsExactly("one");
        page("3", "a", 2, "two");
        page("2", "a", 1, "three");
        ended("4", "a", 1, "SUCCEEDED").put("logPageCount", 3).putNull("result");
        assertThat(words(follower.poll())).containsExactly("two", "three", "a ended");
        pacing.pass(Duration.ofSeconds(5));
        assertThat(follower.poll()).isEmpty();
    }

    @Test
    void reports_pages_that_the_feed_did_not_show_before_the_end() {
        Follower follower = client.followWithLogs("r", List.of("a"));
        logs.put("a#1", List.of("one", "two"));
        ended("4", "a", 1, "SUCCEEDED").put("logPageCount", 2).putNull("result");
        assertThat(words(follower.poll())).containsExactly("one", "two", "a ended");
    }

    @Test
    void reads_no_logs_unless_asked_to() {
        Follower follower = follower("a");
        page("1", "a", 0, "one");
        ended("4", "a", 1, "SUCCEEDED").put("logPageCount", 1).putNull("result");
        assertThat(words(follower.poll())).containsExactly("a ended");
        assertThat(asked).isEmpty();
    }

    @Test
    void a_poll_that_was_not_answered_reports_the_next_time() {
        Follower follower = follower("a", "b");
        ended("1", "a", 1, "FAILED");
        succeeded("2", "b");
        inStore("a", "FAILED", 1);
        trouble = call -> call.target().endsWith("/lookup") ? ScriptedApi.Answer.HANG_UP : null;
        assertThatExceptionOfType(UnreachableException.class).isThrownBy(follower::poll);
        trouble = _ -> null;
        assertThat(keys(follower.poll())).containsExactly("a", "b");
    }

    @Test
    void a_page_that_could_not_be_read_is_reported_the_next_time() {
        Follower follower = client.followWithLogs("r", List.of("a", "b"));
        page("1", "a", 0, "one");
        page("2", "b", 0, "two");
        trouble = call ->
                call.target().contains("/step?") && parameter(call, "key").equals("b")
                        ? Answer.problem("unavailable", 503)
                        : null;
        assertThatExceptionOfType(UnreachableException.class).isThrownBy(follower::poll);
        trouble = _ -> null;
        assertThat(words(follower.poll())).containsExactly("one", "two");
    }

    @Test
    void an_end_that_was_redriven_since_is_not_reported() {
        Follower follower = follower("a");
        ended("1", "a", 1, "DEAD");
        inStore("a", "RUNNING", 2);
        assertThat(follower.poll()).isEmpty();
        ended("2", "a", 2, "SUCCEEDED");
        inStore("a", "SUCCEEDED", 2).put("result", 7);
        assertThat(keys(follower.poll())).containsExactly("a");
    }

    @Test
    void of_two_ends_that_come_at_once_the_one_that_stands_is_reported() {
        Follower follower = follower("a");
        ended("1", "a", 1, "DEAD");
        ended("2", "a", 2, "SUCCEEDED");
        inStore("a", "SUCCEEDED", 2).put("result", 7);
        assertThat(follower.poll())
                .containsExactly(new StepEnded(
                        "a",
                        2,
                        new StepState.Succeeded(Instant.EPOCH, new StepResult.Value(JsonValue.of(7))),
                        List.of()));
    }

    @Test
    void an_end_that_came_before_the_step_was_followed_is_not_lost() {
        Follower follower = follower("a");
        succeeded("1", "b");
        succeeded("2", "a");
        assertThat(keys(follower.poll())).containsExactly("a");
        follower.add(List.of("b"));
        assertThat(keys(follower.poll())).containsExactly("b");
    }

    @Test
    void fetches_a_result_that_no_other_answer_holds() {
        Follower follower = follower("a");
        inStore("a", "SUCCEEDED", 1)
                .putObject("resultLocation")
                .put("store", "PAYLOADS")
                .put("key", "results/r/a/1")
                .put("size", 9_000_000)
                .put("sha256", "0".repeat(64));
        results.put("a", "{\"large\":-0.0,\"text\":\"ü\"}");
        ended("1", "a", 1, "SUCCEEDED");
        assertThat(follower.poll())
                .extracting(event -> ((StepEnded) event).state())
                .containsExactly(new StepState.Succeeded(
                        Instant.EPOCH, new StepResult.Value(JsonValue.parse("{\"large\":-0.0,\"text\":\"ü\"}"))));
    }

    @Test
    void a_state_that_this_client_does_not_know_is_no_end() {
        Follower follower = follower("a");
        ended("1", "a", 1, "SOMETHING_NEW");
        assertThat(follower.poll()).isEmpty();
        assertThat(follower.missing()).containsExactly("a");
    }

    @Test
    void pauses_little_while_something_comes_and_longer_and_longer_where_nothing_does() {
        Follower follower = follower("a", "b");
        succeeded("1", "a");
        follower.poll();
        assertThat(follower.pause()).isEqualTo(Duration.ofMillis(10));
        for (int i = 0; i < 20; i++) {
            follower.poll();
        }
        assertThat(follower.pause()).isEqualTo(Duration.ofMillis(500));
    }

    @Test
    void awaits_the_ends_for_as_long_as_it_is_told() {
        Follower follower = follower("a");
        List<RunEvent> events = new ArrayList<>();
        assertThat(follower.await(Duration.ofSeconds(3), events::add)).isFalse();
        assertThat(pacing.pauses().stream().reduce(Duration.ZERO, Duration::plus))
                .isEqualTo(Duration.ofSeconds(3));
        succeeded("1", "a");
        assertThat(follower.await(Duration.ZERO, events::add)).isTrue();
        assertThat(keys(events)).containsExactly("a");
    }

    @Test
    void reads_many_logs_at_once_on_threads_that_end() {
        List<String> many = others(30);
        for (String key : many) {
            page(key, key, 0, key);
        }
        Follower follower = client.followWithLogs("r", many);
        assertThat(words(follower.poll())).isEqualTo(many);
        assertThat(asked.stream().collect(Collectors.toSet())).hasSize(30);
    }

    @Test
    void waits_no_longer_for_a_step_whose_record_is_damaged_in_two_lookups() {
        Follower follower = follower("a", "b");
        ended("1", "a", 0, "UNKNOWN");
        inStore("a", "UNKNOWN", 0).put("damage", "a checksum differs");
        inStore("b", "UNKNOWN", 0).put("damage", "a checksum differs");
        pacing.pass(Duration.ofSeconds(31));
        assertThat(follower.poll()).as("a newer version may have written it").isEmpty();
        inStore("b", "DEAD", 1);
        pacing.pass(Duration.ofSeconds(31));
        assertThat(words(follower.poll())).containsExactlyInAnyOrder("a damaged", "b ended");
        assertThat(follower.complete()).isTrue();
        follower.add(List.of("a"));
        inStore("a", "DEAD", 1);
        pacing.pass(Duration.ofSeconds(31));
        assertThat(words(follower.poll())).containsExactly("a ended");
    }

    @Test
    void reports_what_can_be_held_in_memory_and_the_rest_by_the_next_polls() {
        Follower follower = follower();
        List<String> many = others(2_400);
        follower.add(many);
        many.forEach(key -> succeeded(key, key));

        List<List<String>> polls = new ArrayList<>();
        while (!follower.complete()) {
            polls.add(keys(follower.poll()));
        }

        assertThat(polls).allMatch(poll -> poll.size() <= Follower.MOST_ENTRIES);
        assertThat(polls.stream().flatMap(List::stream)).containsExactlyElementsOf(many);
    }

    @Test
    void fetches_at_a_time_as_many_large_results_as_can_be_held_in_memory() {
        Follower follower = follower();
        List<String> large = others(9);
        follower.add(large);
        for (String key : large) {
            ended(key, key, 1, "SUCCEEDED");
            inStore(key, "SUCCEEDED", 1)
                    .putObject("resultLocation")
                    .put("store", "PAYLOADS")
                    .put("key", key)
                    .put("size", 10_000_000)
                    .put("sha256", "");
            results.put(key, "\"of " + key + "\"");
        }

        List<List<String>> polls = new ArrayList<>();
        while (!follower.complete()) {
            polls.add(keys(follower.poll()));
        }

        assertThat(polls.stream().map(List::size)).containsExactly(3, 3, 3);
        assertThat(polls.stream().flatMap(List::stream)).containsExactlyElementsOf(large);
    }
}
