package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.RunQueries;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run answers, as its caller sees it. */
class RunQueriesTest {
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

    private static String[] keys(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "s" + i).toArray(String[]::new);
    }

    private void deliverBatches() throws InterruptedException {
        boolean more = true;
        while (more) {
            var batch = stack.receive(10);
            stack.deliver(batch);
            more = !batch.isEmpty();
        }
    }

    @Test
    void a_status_with_what_the_feed_says_since_its_count_has_each_end_once_in_all_dispatches()
            throws InterruptedException {
        stack.handOver("a");
        deliverBatches();
        stack.sweepAfter(Duration.ofMinutes(1));
        stack.dispatch("d2", Stack.step("b"), Stack.step("c"));
        stack.deliver(stack.receive(1));
        stack.sweepAfter(Duration.ofMinutes(1));
        stack.dispatch("d3", Stack.step("d"));
        stack.time.advance(Duration.ofSeconds(10));
        stack.deliver(stack.receive(1));
        JsonNode status = api.get("/v1/runs/r1");
        assertThat(status.path("countedAt").asText())
                .as("the first dispatch was closed earlier, the third is not counted yet")
                .isEqualTo("2026-11-24T08:02:00Z");
        assertThat(status.path("counts")).isEqualTo(Json.parse("{\"QUEUED\":2,\"SUCCEEDED\":2}"));
        JsonNode since = api.get("/v1/runs/r1/feed?since=2026-11-24T08:02:00.001Z");
        assertThat(since.path("entries").findValuesAsText("state")).containsExactly("SUCCEEDED");
    }

    @Test
    void a_status_counts_as_of_the_last_sweep_or_now_if_exactly_asked() throws InterruptedException {
        stack.handOver("a", "b", "c");
        stack.deliver(stack.receive(2));
        JsonNode before = api.get("/v1/runs/r1");
        assertThat(before.path("counts")).isEqualTo(Json.parse("{\"QUEUED\":3}"));
        assertThat(before.has("countedAt")).isFalse();
        JsonNode exact = api.get("/v1/runs/r1?exact=true");
        assertThat(exact.path("counts")).isEqualTo(Json.parse("{\"QUEUED\":1,\"SUCCEEDED\":2}"));
        assertThat(exact.path("countedAt").asText()).isEqualTo("2026-11-24T08:00:00Z");
        stack.sweepAfter(Duration.ofMinutes(1));
        JsonNode swept = api.get("/v1/runs/r1");
        assertThat(swept.path("counts")).isEqualTo(exact.path("counts"));
        assertThat(swept.path("countedAt").asText()).isEqualTo("2026-11-24T08:01:00Z");
        assertThat(swept.path("openDispatchCount").intValue()).isEqualTo(1);
        deliverBatches();
        stack.sweepAfter(Duration.ofMinutes(1));
        JsonNode closed = api.get("/v1/runs/r1");
        assertThat(closed.path("openDispatchCount").intValue()).isZero();
        assertThat(closed.path("counts")).isEqualTo(Json.parse("{\"SUCCEEDED\":3}"));
    }

    @Test
    void an_exact_count_is_the_last_one_where_the_manifest_is_gone() throws Exception {
        stack.handOver(keys(0, 1_000));
        stack.deliver(stack.receive(2));
        try (Stream<Path> files = Files.walk(folder.resolve("state/payloads"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
        assertThat(api.get("/v1/runs/r1?exact=true").path("counts")).isEqualTo(Json.parse("{\"QUEUED\":1000}"));
    }

    @Test
    void a_run_whose_first_dispatch_crashed_has_counted_nothing_now() throws InterruptedException {
        stack.faults.crashAfter("store.putRunIfAbsent", 0);
        assertThatThrownBy(() -> stack.handOver("a")).isInstanceOf(Faults.Crash.class);
        stack.faults.restart();
        RunQueries.Status status = stack.stepstile.queries().status(Stack.RUN).orElseThrow();
        assertThat(status.dispatches().count()).isZero();
        assertThat(status.countedAt()).isEqualTo(Stack.START);
    }

    @Test
    void a_step_of_two_dispatches_is_listed_once() throws InterruptedException {
        stack.handOver("a");
        deliverBatches();
        stack.dispatch("d2", Stack.step("a"), Stack.step("b"));
        deliverBatches();
        assertThat(api.get("/v1/runs/r1/steps").path("steps").findValuesAsText("key"))
                .containsExactly("a", "b");
    }

    @Test
    void a_payload_is_read_up_to_the_size_that_is_asked_for() throws InterruptedException {
        for (int length : List.of(Limits.INLINE_BYTES + 1_000, Limits.ITEM_BYTES + 1_000)) {
            String key = "s" + length;
            stack.work.on(key, (input, context) -> StepResult.of(noise(length)));
            stack.dispatch("d" + length, Stack.step(key));
            deliverBatches();
            Payload result = ((StepState.Succeeded) stack.record(key).state()).result();
            long size = switch (result) {
                case Payload.Inline _ -> throw new AssertionError("it is in the record");
                case Payload.Item item -> item.size();
                case Payload.Stored stored -> stored.size();
            };
            assertThat(stack.stepstile.queries().json(result, size)).isPresent();
            assertThat(stack.stepstile.queries().json(result, size - 1)).isEmpty();
        }
    }

    @Test
    void the_steps_come_page_by_page_in_the_order_of_their_manifests_each_once() throws InterruptedException {
        stack.handOver(keys(0, 130));
        stack.dispatch("d2", Stack.step("s130"), Stack.step("s7"), Stack.step("s131"));
        stack.deliver(stack.receive(5));
        List<String> seen = new ArrayList<>();
        String cursor = "";
        int pages = 0;
        while (cursor != null) {
            JsonNode page = api.get("/v1/runs/r1/steps?limit=50&cursor=" + cursor);
            page.path("steps").forEach(step -> seen.add(step.path("key").asText()));
            cursor = page.path("cursor").textValue();
            pages++;
        }
        assertThat(pages).isEqualTo(3);
        // s7 has a record of d1 only once it is claimed; both dispatches list it until then.
        assertThat(new TreeSet<>(seen)).isEqualTo(new TreeSet<>(List.of(keys(0, 132))));
        assertThat(seen.subList(0, 130)).containsExactly(keys(0, 130));
    }

    @Test
    void the_steps_are_listed_in_the_order_in_which_they_were_handed_over_whatever_their_dispatches_are_called()
            throws InterruptedException {
        for (String dispatch : List.of("zeta", "alpha", "mu")) {
            stack.dispatch(dispatch, Stack.step(dispatch + "-2"), Stack.step(dispatch + "-1"));
            stack.time.advance(Duration.ofMillis(1));
        }
        List<String> seen = new ArrayList<>();
        String cursor = "";
        while (cursor != null) {
            JsonNode page = api.get("/v1/runs/r1/steps?limit=1&cursor=" + cursor);
            page.path("steps").forEach(step -> seen.add(step.path("key").asText()));
            cursor = page.path("cursor").textValue();
            if (seen.size() == 3) {
                stack.dispatch("beta", Stack.step("beta-1")); // handed over meanwhile
                stack.time.advance(Duration.ofMillis(1));
            }
        }
        assertThat(seen)
                .startsWith("zeta-2", "zeta-1", "alpha-2", "alpha-1", "mu-2", "mu-1")
                .contains("beta-1")
                .doesNotHaveDuplicates();
    }

    /** From here on, each batch of records that is read takes a second. */
    private void readSlowly() {
        stack.faults.afterNext("store.records", () -> {
            stack.time.advance(Duration.ofSeconds(1));
            readSlowly();
        });
    }

    @Test
    void a_count_that_takes_long_is_answered_piece_by_piece() throws InterruptedException {
        stack.dispatch(
                "d1",
                IntStream.range(0, 2_500).mapToObj(i -> Stack.step("s" + i)).toArray(NewStep[]::new));
        stack.dispatch("d2", Stack.step("last"));
        stack.deliver(stack.receive(10));
        readSlowly();
        JsonNode answer = api.get("/v1/runs/r1?exact=true");
        String since = answer.path("countedAt").asText();
        List<Integer> counted = new ArrayList<>();
        while (answer.has("cursor")) {
            counted.add(sum(answer.path("counts")));
            answer = api.get(
                    "/v1/runs/r1?exact=true&cursor=" + answer.path("cursor").asText());
            assertThat(answer.path("countedAt").asText()).isEqualTo(since);
        }
        assertThat(counted).containsExactly(1_000, 2_000, 2_500);
        assertThat(answer.path("counts")).isEqualTo(Json.parse("{\"QUEUED\":2491,\"SUCCEEDED\":10}"));
        assertThat(answer.path("stepCount").intValue()).isEqualTo(2_501);
    }

    private static int sum(JsonNode counts) {
        int sum = 0;
        for (JsonNode count : counts) {
            sum += count.intValue();
        }
        return sum;
    }

    @Test
    void a_search_that_takes_long_is_answered_piece_by_piece() throws InterruptedException {
        stack.dispatch(
                "d1",
                IntStream.range(0, 2_500).mapToObj(i -> Stack.step("s" + i)).toArray(NewStep[]::new));
        stack.work.on("late", (input, context) -> {
            throw new TerminalFailure("no");
        });
        stack.dispatch("d2", Stack.step("late"));
        deliverBatches();
        readSlowly();
        JsonNode page = api.get("/v1/runs/r1/steps?state=FAILED");
        int pages = 1;
        while (page.has("cursor")) {
            assertThat(page.path("steps")).isEmpty();
            page = api.get("/v1/runs/r1/steps?state=FAILED&cursor="
                    + page.path("cursor").asText());
            pages++;
        }
        assertThat(pages).isEqualTo(4);
        assertThat(page.path("steps").findValuesAsText("key")).containsExactly("late");
    }

    @Test
    void a_page_of_a_listing_reads_no_more_records_than_it_shows() throws InterruptedException {
        stack.handOver(keys(0, 500));
        stack.faults.restart();
        api.get("/v1/runs/r1/steps?limit=100");
        assertThat(stack.faults.calls("store.records")).isEqualTo(1);
    }

    @Test
    void the_steps_of_a_state_are_filtered_across_pages() throws InterruptedException {
        stack.handOver(keys(0, 60));
        stack.deliver(stack.receive(10));
        Set<String> done = new TreeSet<>();
        String cursor = "";
        while (cursor != null) {
            JsonNode page = api.get("/v1/runs/r1/steps?state=SUCCEEDED&limit=4&cursor=" + cursor);
            page.path("steps").forEach(step -> {
                assertThat(step.path("state").asText()).isEqualTo("SUCCEEDED");
                assertThat(done.add(step.path("key").asText())).isTrue();
            });
            cursor = page.path("cursor").textValue();
        }
        assertThat(done).hasSize(10);
        assertThat(api.get("/v1/runs/r1/steps?state=QUEUED").path("steps")).hasSize(50);
        assertThat(api.get("/v1/runs/r1/steps?state=DEAD").path("steps")).isEmpty();
    }

    @Test
    void the_feed_of_all_shards_is_read_in_pages_and_read_on_from_its_cursor() throws InterruptedException {
        stack.handOver(keys(0, 100));
        for (int i = 0; i < 5; i++) {
            stack.time.advance(Duration.ofMillis(10));
            stack.deliver(stack.receive(10));
        }
        List<String> seen = new ArrayList<>();
        String cursor = readFeed("", 7, seen);
        assertThat(seen).hasSize(50).doesNotHaveDuplicates();
        assertThat(readFeed(cursor, 7, seen)).as("nothing new").isEqualTo(cursor);
        stack.time.advance(Duration.ofMillis(10));
        deliverBatches();
        readFeed(cursor, 1000, seen);
        assertThat(seen).hasSize(100).doesNotHaveDuplicates();
        List<String> again = new ArrayList<>();
        readFeed(cursor, 3, again);
        assertThat(again).as("an older cursor shows again what came after it").hasSize(50);
    }

    private String readFeed(String from, int limit, List<String> seen) throws InterruptedException {
        String cursor = from;
        boolean caughtUp = false;
        while (!caughtUp) {
            JsonNode page = api.get("/v1/runs/r1/feed?limit=" + limit + "&cursor=" + cursor);
            assertThat(page.path("entries").size()).isLessThanOrEqualTo(limit);
            page.path("entries").forEach(entry -> seen.add(entry.path("key").asText()));
            cursor = page.path("cursor").asText();
            caughtUp = page.path("caughtUp").booleanValue();
        }
        return cursor;
    }

    @Test
    void the_feed_carries_small_results_and_pages_of_logs() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            context.log("hello");
            return StepResult.ofJson("{\"small\":1}");
        });
        stack.work.on("b", (input, context) -> StepResult.of("x".repeat(10_000)));
        stack.handOver("a", "b");
        deliverBatches();
        List<JsonNode> entries = new ArrayList<>();
        api.get("/v1/runs/r1/feed").path("entries").forEach(entries::add);
        assertThat(entries).hasSize(3);
        assertThat(entries).anySatisfy(entry -> {
            assertThat(entry.path("key").asText()).isEqualTo("a");
            assertThat(entry.path("result")).isEqualTo(Json.parse("{\"small\":1}"));
            assertThat(entry.path("logPageCount").intValue()).isEqualTo(1);
        });
        assertThat(entries).anySatisfy(entry -> assertThat(entry.path("page")).isEqualTo(Json.parse("0")));
        assertThat(entries).anySatisfy(entry -> {
            assertThat(entry.path("key").asText()).isEqualTo("b");
            assertThat(entry.has("result")).isFalse();
        });
        assertThat(api.get("/v1/runs/r1/steps/a?log=true")
                        .path("logPages")
                        .path(0)
                        .path("lines"))
                .isEqualTo(Json.parse("[\"hello\"]"));
        assertThat(api.get("/v1/runs/r1/steps/a?log=true&attempt=9").path("logPages"))
                .isEmpty();
    }

    @Test
    void a_step_shows_its_result_wherever_that_is_kept_or_where_it_is_if_it_is_huge() throws InterruptedException {
        int huge = Limits.ANSWER_BYTES;
        int[] sizes = {10, Limits.INLINE_BYTES + 1_000, Limits.ITEM_BYTES + 1_000, huge};
        for (int size : sizes) {
            stack.work.on("s" + size, (input, context) -> StepResult.of(noise(size)));
            stack.dispatch("d" + size, Stack.step("s" + size));
        }
        deliverBatches();
        for (int size : sizes) {
            JsonNode step = api.get("/v1/runs/r1/steps/s" + size);
            if (size < huge) {
                assertThat(step.path("result").asText()).isEqualTo(noise(size));
            } else {
                assertThat(step.has("result")).isFalse();
                JsonNode location = step.path("resultLocation");
                assertThat(location.fieldNames()).toIterable().containsExactly("store", "key", "size", "sha256");
                assertThat(location.path("store").asText()).isEqualTo("PAYLOADS");
                assertThat(location.path("size").intValue()).isEqualTo(huge + 2);
            }
        }
        JsonNode found = api.ok(
                200,
                "POST",
                "/v1/runs/r1/steps/lookup",
                "{\"keys\":[\"s10\",\"s" + sizes[1] + "\",\"s" + sizes[2] + "\",\"none\"]}");
        assertThat(found.path("entries")).hasSize(3);
        assertThat(found.path("entries").path(1).path("result").asText()).hasSize(sizes[1]);
        assertThat(found.path("entries").path(2).has("resultLocation"))
                .as("too large for a lookup")
                .isTrue();
        assertThat(found.path("absentKeys")).isEqualTo(Json.parse("[\"none\"]"));
    }

    @Test
    void a_result_of_any_size_comes_in_pieces_that_make_it_up() throws Exception {
        int huge = 9 * 1024 * 1024;
        stack.work.on("huge", (input, context) -> StepResult.of("ä€" + noise(huge)));
        stack.work.on("small", (input, context) -> StepResult.of(7));
        stack.dispatch("d", Stack.step("huge"), Stack.step("small"));
        deliverBatches();
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        JsonNode piece;
        do {
            piece = api.get("/v1/runs/r1/step/result?key=huge&offset=" + whole.size());
            assertThat(piece.path("content").asText().length()).isBetween(1, 4 * 1024 * 1024);
            assertThat(piece.path("offset").intValue()).isEqualTo(whole.size());
            whole.write(piece.path("content").binaryValue());
        } while (whole.size() < piece.path("size").intValue());
        assertThat(Json.parse(whole.toString(StandardCharsets.UTF_8)).asText()).isEqualTo("ä€" + noise(huge));
        assertThat(piece.path("sha256").asText()).isEqualTo(Sha256.hex(whole.toByteArray()));
        assertThat(api.get("/v1/runs/r1/step/result?key=small").path("content").binaryValue())
                .asString()
                .isEqualTo("7");
    }

    @Test
    void a_step_shows_its_input_on_demand_as_it_was_sent_or_as_a_redrive_gave_it() throws InterruptedException {
        String steps = "{\"key\":\"a\",\"handler\":\"work\",\"input\":{\"n\":1.10,\"e\":-0.0}},"
                + "{\"key\":\"b\",\"handler\":\"work\"}";
        api.ok(202, "POST", "/v1/runs/r1/dispatches", "{\"steps\":[" + steps + "]}");
        stack.work.on("b", (input, context) -> {
            throw new TerminalFailure("no");
        });
        deliverBatches();
        assertThat(api.call("GET", "/v1/runs/r1/step?key=a&input=true", null).body())
                .contains("\"input\":{\"n\":1.10,\"e\":-0.0}");
        assertThat(api.get("/v1/runs/r1/step?key=a").has("input")).isFalse();
        assertThat(api.get("/v1/runs/r1/steps/b?input=true").path("input").isNull())
                .isTrue();
        api.ok(200, "POST", "/v1/runs/r1/redrive", "{\"keys\":[\"b\"],\"overrides\":{\"input\":[7]}}");
        assertThat(api.get("/v1/runs/r1/step?key=b&input=true").path("input")).isEqualTo(Json.parse("[7]"));
        assertThat(api.problem("GET", "/v1/runs/r1/step?key=b&input=1", null)).isEqualTo("400 bad-flag");
    }

    @Test
    void an_input_that_is_too_large_for_the_answer_is_where_it_says() throws InterruptedException {
        stack.dispatch("d1", Stack.step("a", "\"" + noise(4_000_000) + "\"", RetryPolicy.DEFAULT));
        deliverBatches();
        JsonNode step = api.get("/v1/runs/r1/step?key=a&input=true");
        assertThat(step.has("input")).isFalse();
        assertThat(step.path("inputLocation").path("store").asText()).isEqualTo("PAYLOADS");
        assertThat(step.path("inputLocation").path("size").intValue()).isEqualTo(4_000_002);
    }

    @Test
    void what_is_no_piece_of_a_result_is_refused() throws InterruptedException {
        stack.work.on("small", (input, context) -> StepResult.of(7));
        stack.work.on("failed", (input, context) -> {
            throw new TerminalFailure("on purpose");
        });
        stack.dispatch("d", Stack.step("small"), Stack.step("failed"));
        deliverBatches();
        for (String offset : new String[] {"-1", "2", "x", "99999999999"}) {
            assertThat(api.problem("GET", "/v1/runs/r1/step/result?key=small&offset=" + offset, null))
                    .isEqualTo("400 bad-offset");
        }
        assertThat(api.problem("GET", "/v1/runs/r1/step/result?key=failed", null))
                .isEqualTo("404 no-result");
        assertThat(api.problem("GET", "/v1/runs/r1/step/result?key=nobody", null))
                .isEqualTo("404 step-not-started");
        assertThat(api.problem("GET", "/v1/runs/r1/steps/small/other", null)).isEqualTo("404 no-such-call");
    }

    /** Text that does not compress. */
    private static String noise(int size) {
        StringBuilder text = new StringBuilder(size);
        Random random = new Random(size);
        while (text.length() < size) {
            text.append((char) ('#' + random.nextInt(56)));
        }
        return text.toString();
    }
}
