package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.codec.Json;
import dev.stepstile.contracts.StateFolderDamage;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Progress;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import dev.stepstile.usecase.Tasks;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which steps of a run are running, as its caller sees it. */
class RunningStepsTest {
    private static final int LAMBDA_BYTES = 6 * 1024 * 1024;

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

    private List<String> running() throws InterruptedException {
        return running("");
    }

    private List<String> exactlyRunning() throws InterruptedException {
        return running("?exact=true");
    }

    private List<String> running(String query) throws InterruptedException {
        List<String> steps = new ArrayList<>();
        api.get("/v1/runs/r1/running" + query)
                .path("steps")
                .forEach(step -> steps.add(step.path("key").asText() + "#"
                        + step.path("attempt").asInt() + (step.has("lost") ? " lost" : "")));
        return steps;
    }

    /** A worker of its own, as another machine stores it; place {@code i} is claimed unless {@code i} is not. */
    private void worker(String id, String run, int... claimed) {
        List<Assignment> steps = IntStream.range(0, 10)
                .mapToObj(i -> id + "-" + i)
                .map(key -> new Assignment(new StepId(run, key), Shards.of(key, Shards.DEFAULT), "d9", 0))
                .toList();
        WorkerRecord first = WorkerRecord.starting(id, steps, Stack.START.plusSeconds(15));
        stack.ports.workers().start(first);
        TreeMap<Integer, Activity> doing = new TreeMap<>();
        for (int place : claimed) {
            doing.put(place, new Activity(1, Stack.START, Progress.NONE, ""));
        }
        stack.ports.workers().renew(first.withBeat(first.leaseUntil(), doing));
    }

    @Test
    void one_is_listed_a_second_after_its_claim_with_what_it_does_and_no_more_once_it_has_ended()
            throws InterruptedException {
        stack.dispatch("d0", Stack.step("b"));
        stack.deliver();
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        StepContext context = gate.awaitEntered();
        context.progress(0.25, "a quarter");
        context.log("reading");
        assertThat(running()).as("its worker has sent no heartbeat yet").isEmpty();
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(api.get("/v1/runs/r1/running"))
                .isEqualTo(Json.parse("""
                        {"steps": [{
                          "key": "a", "attempt": 1, "dispatchId": "d1", "startedAt": "2026-11-24T08:00:00Z",
                          "worker": "%s", "progress": 0.25, "progressNote": "a quarter", "lastLine": "reading",
                          "leaseUntil": "2026-11-24T08:00:16Z"
                        }]}""".formatted(stack.workers().getFirst().id())));
        JsonNode one = api.get("/v1/runs/r1/step?key=a");
        assertThat(one.path("progress").asDouble()).isEqualTo(0.25);
        assertThat(one.path("lastLine").asText()).isEqualTo("reading");
        assertThat(one.path("leaseUntil").asText()).isEqualTo("2026-11-24T08:00:16Z");
        gate.open();
        worker.join();
        assertThat(running()).isEmpty();
        assertThat(api.get("/v1/runs/r1/step?key=a").has("progress"))
                .as("an ended step has none")
                .isFalse();
    }

    @Test
    void exactly_one_is_listed_from_its_claim_to_its_end_whatever_the_heartbeats_say() throws InterruptedException {
        Work.Gate a = stack.work.gate("a");
        Work.Gate b = stack.work.gate("b");
        stack.handOver("a", "b");
        Tasks.Task<List<String>> worker = stack.start();
        StepContext context = a.awaitEntered();
        b.awaitEntered();
        assertThat(running()).as("its worker has sent no heartbeat yet").isEmpty();
        assertThat(exactlyRunning()).containsExactlyInAnyOrder("a#1", "b#1");
        assertThat(api.get("/v1/running?exact=true").path("steps").findValuesAsText("startedAt"))
                .containsExactly("2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z");
        context.progress(0.25, "a quarter");
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(api.get("/v1/runs/r1/running?exact=true"))
                .as("with what the heartbeat told")
                .isEqualTo(api.get("/v1/runs/r1/running"));
        a.open();
        stack.time.awaitQuiet();
        assertThat(stack.state("a")).isEqualTo(StepState.Name.SUCCEEDED);
        assertThat(running()).as("it is still in the heartbeat").containsExactlyInAnyOrder("a#1", "b#1");
        assertThat(exactlyRunning()).containsExactly("b#1");
        b.open();
        worker.join();
        assertThat(exactlyRunning()).isEmpty();
    }

    @Test
    void exactly_none_of_a_worker_is_listed_that_another_has_claimed_since() throws InterruptedException {
        Work.Gate gate = stack.work.gate("w1-3");
        worker("w1", Stack.RUN, 3);
        stack.handOver("w1-3");
        Tasks.Task<List<String>> second = stack.start();
        gate.awaitEntered();
        assertThat(running()).containsExactly("w1-3#1");
        JsonNode steps = api.get("/v1/runs/r1/running?exact=true").path("steps");
        assertThat(steps.findValuesAsText("key")).containsExactly("w1-3");
        assertThat(steps.findValuesAsText("worker")).doesNotContain("w1");
        gate.open();
        second.join();
    }

    @Test
    void exact_pages_read_as_many_records_as_they_may_have_steps_and_come_to_all() throws InterruptedException {
        List<String> keys = IntStream.range(0, 10).mapToObj(i -> "k" + i).toList();
        List<Work.Gate> gates = keys.stream().map(stack.work::gate).toList();
        worker("w1", Stack.RUN, 1, 4);
        stack.handOver(keys.toArray(String[]::new));
        Tasks.Task<List<String>> worker = stack.start();
        for (Work.Gate gate : gates) {
            gate.awaitEntered();
        }
        StateFolderDamage.record(folder.resolve("state"), new StepId(Stack.RUN, "k4"));
        List<String> seen = new ArrayList<>();
        int pages = 0;
        String cursor = "";
        do {
            int before = stack.faults.calls().size();
            JsonNode page = api.get("/v1/runs/r1/running?exact=true&limit=6&cursor=" + cursor);
            assertThat(stack.faults.calls().subList(before, stack.faults.calls().size()))
                    .filteredOn(call -> call.startsWith("store.records"))
                    .hasSizeLessThanOrEqualTo(7); // once, and each alone where one is damaged
            seen.addAll(page.path("steps").findValuesAsText("key"));
            assertThat(page.path("steps").size()).isLessThanOrEqualTo(6);
            cursor = page.path("cursor").asText();
            pages++;
        } while (!cursor.isEmpty());
        assertThat(pages).as("20 places").isEqualTo(4);
        assertThat(seen).containsExactlyInAnyOrder("k0", "k1", "k2", "k3", "k5", "k6", "k7", "k8", "k9");
        StateFolderDamage.repair(folder.resolve("state"), new StepId(Stack.RUN, "k4"));
        gates.forEach(Work.Gate::open);
        worker.join();
    }

    @Test
    void those_of_all_runs_are_listed_with_their_run_page_by_page_or_of_one_worker() throws InterruptedException {
        stack.handOver("a");
        worker("w1", Stack.RUN, 3, 7);
        worker("w2", "another", 0, 1);
        List<String> seen = new ArrayList<>();
        String cursor = "";
        while (cursor != null) {
            JsonNode page = api.get("/v1/running?limit=1&cursor=" + cursor);
            page.path("steps")
                    .forEach(step -> seen.add(
                            step.path("runId").asText() + "/" + step.path("key").asText()));
            cursor = page.path("cursor").textValue();
        }
        assertThat(seen).containsExactlyInAnyOrder("r1/w1-3", "r1/w1-7", "another/w2-0", "another/w2-1");
        assertThat(api.get("/v1/running?worker=w2").path("steps").findValuesAsText("key"))
                .containsExactly("w2-0", "w2-1");
        JsonNode page = api.get("/v1/running?worker=w2&limit=1");
        assertThat(api.get("/v1/running?worker=w2&cursor=" + page.path("cursor").asText())
                        .path("steps")
                        .findValuesAsText("key"))
                .containsExactly("w2-1");
        assertThat(api.get("/v1/running?worker=nobody").path("steps")).isEmpty();
    }

    @Test
    void a_cursor_of_one_run_is_none_of_all_runs_and_an_invalid_worker_is_refused() throws InterruptedException {
        stack.handOver("a");
        worker("w1", Stack.RUN, 3, 7);
        String ofAll = api.get("/v1/running?limit=1").path("cursor").asText();
        String ofRun = api.get("/v1/runs/r1/running?limit=1").path("cursor").asText();
        assertThat(api.problem("GET", "/v1/runs/r1/running?cursor=" + ofAll, null))
                .isEqualTo("400 bad-cursor");
        assertThat(api.problem("GET", "/v1/running?cursor=" + ofRun, null)).isEqualTo("400 bad-cursor");
        assertThat(api.problem("GET", "/v1/running?worker=a%23b", null)).isEqualTo("400 bad-worker");
        assertThat(api.problem("GET", "/v1/running?worker=", null)).isEqualTo("400 bad-worker");
        assertThat(api.problem("GET", "/v1/running?exact=yes", null)).isEqualTo("400 bad-flag");
        assertThat(api.problem("GET", "/v1/runs/r1/running?exact=yes", null)).isEqualTo("400 bad-flag");
        assertThat(api.problem("GET", "/v1/running/x", null)).isEqualTo("404 no-such-call");
        assertThat(api.problem("POST", "/v1/running", "{}")).isEqualTo("405 method-not-allowed");
    }

    @Test
    void one_that_waits_in_its_workers_batch_or_is_of_another_run_is_not_listed() throws InterruptedException {
        stack.handOver("a");
        worker("w1", Stack.RUN, 3, 7);
        worker("w2", "another", 0, 1);
        assertThat(running()).containsExactlyInAnyOrder("w1-3#1", "w1-7#1");
    }

    @Test
    void one_whose_worker_is_silent_is_marked_until_its_item_is_gone() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> first = stack.start();
        gate.awaitEntered();
        stack.time.advance(Duration.ofSeconds(1));
        WorkerRecord silent = stack.workers().getFirst();
        gate.open();
        first.join();
        stack.handOver("b");
        stack.ports.workers().start(silent); // as if it had died with what it ran
        stack.time.advance(Duration.ofSeconds(14));
        assertThat(running()).containsExactly("a#1");
        stack.time.advance(Duration.ofSeconds(1));
        assertThat(running()).containsExactly("a#1 lost");
        assertThat(stack.ports.workers().revoke(silent, stack.time.instant())).isTrue();
        assertThat(running()).containsExactly("a#1 lost");
        stack.ports.workers().forget(silent.id());
        assertThat(running()).isEmpty();
    }

    @Test
    void a_revoked_worker_is_marked_although_its_lease_is_not_over() throws InterruptedException {
        stack.handOver("a");
        worker("w1", Stack.RUN, 0);
        assertThat(running()).containsExactly("w1-0#1");
        stack.ports.workers().revoke(stack.workers().getFirst(), Stack.START);
        assertThat(running()).containsExactly("w1-0#1 lost");
    }

    @Test
    void a_list_comes_in_pages_that_begin_where_the_one_before_ended_even_within_a_worker()
            throws InterruptedException {
        stack.handOver("a");
        for (int w = 0; w < 20; w++) {
            worker("w" + w, Stack.RUN, 0, 2, 4);
        }
        List<String> keys = new ArrayList<>();
        JsonNode page = api.get("/v1/runs/r1/running?limit=7");
        page.path("steps").forEach(step -> keys.add(step.path("key").asText()));
        while (page.has("cursor")) {
            assertThat(page.path("steps")).hasSize(7);
            page = api.get(
                    "/v1/runs/r1/running?limit=7&cursor=" + page.path("cursor").asText());
            page.path("steps").forEach(step -> keys.add(step.path("key").asText()));
        }
        assertThat(keys).hasSize(60).doesNotHaveDuplicates();
    }

    @Test
    void a_page_goes_on_behind_a_worker_that_is_gone_since() throws InterruptedException {
        stack.handOver("a");
        for (int w = 0; w < 20; w++) {
            worker("w" + w, Stack.RUN, 0);
        }
        JsonNode page = api.get("/v1/runs/r1/running?limit=7");
        List<String> keys = new ArrayList<>();
        page.path("steps").forEach(step -> keys.add(step.path("key").asText()));
        stack.workers().stream()
                .map(WorkerRecord::id)
                .filter(id -> !keys.contains(id + "-0"))
                .limit(1) // the one at which the next page begins
                .forEach(stack.ports.workers()::end);
        page = api.get("/v1/runs/r1/running?cursor=" + page.path("cursor").asText());
        page.path("steps").forEach(step -> keys.add(step.path("key").asText()));
        assertThat(keys).hasSize(19).doesNotHaveDuplicates();
    }

    @Test
    void a_call_makes_one_query_for_each_bucket_of_workers() throws InterruptedException {
        stack.handOver("a");
        for (int w = 0; w < 200; w++) {
            worker("w" + w, Stack.RUN);
        }
        int before = stack.faults.calls().size();
        running();
        List<String> calls = stack.faults.calls();
        assertThat(calls.subList(before, calls.size()))
                .filteredOn(call -> call.startsWith("workers."))
                .hasSize(WorkerRecord.BUCKETS);
    }

    @Test
    void an_answer_under_long_keys_can_be_sent() throws InterruptedException {
        stack.handOver("a");
        for (int w = 0; w < 100; w++) {
            String key = "\"".repeat(505) + "%05d".formatted(w);
            List<Assignment> steps = IntStream.range(0, 10)
                    .mapToObj(i -> new Assignment(new StepId(Stack.RUN, key + i), 0, "d".repeat(128), i))
                    .toList();
            WorkerRecord first = WorkerRecord.starting("w" + w, steps, Stack.START.plusSeconds(15));
            stack.ports.workers().start(first);
            TreeMap<Integer, Activity> doing = new TreeMap<>();
            for (int place = 0; place < 10; place++) {
                Progress progress = new Progress(0.5, "\u0001".repeat(10_000));
                doing.put(place, new Activity(1, Stack.START, progress, "\u0001".repeat(10_000)));
            }
            stack.ports.workers().renew(first.withBeat(first.leaseUntil(), doing));
        }
        int seen = 0;
        String cursor = "";
        do {
            String body = api.call("GET", "/v1/runs/r1/running?limit=" + Limits.PAGE + "&cursor=" + cursor, null)
                    .body();
            String sent = Json.print(Json.object().put("statusCode", 200).put("body", body));
            assertThat(sent.getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(LAMBDA_BYTES);
            JsonNode page = Json.parse(body);
            seen += page.path("steps").size();
            cursor = page.path("cursor").asText();
        } while (!cursor.isEmpty());
        assertThat(seen).isEqualTo(1_000);
    }
}
