package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import dev.stepstile.contracts.StateFolderDamage;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.SweepReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A record that does not read as what was written. */
class DamagedRecordsTest {
    private static final String BAD = "s17";
    private static final int STEPS = 50;

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

    private void damage(String key) {
        StateFolderDamage.record(folder.resolve("state"), new StepId(Stack.RUN, key));
    }

    private void repair(String key) {
        StateFolderDamage.repair(folder.resolve("state"), new StepId(Stack.RUN, key));
    }

    /** Fifty steps are handed over; one is claimed by a worker that dies, the messages of the others are lost. */
    private void loseFifty() throws InterruptedException {
        stack.dispatch("d1", Stack.step(BAD));
        stack.crashAfterClaim();
        stack.dispatch(
                "d2",
                IntStream.range(0, STEPS).mapToObj(i -> Stack.step("s" + i)).toArray(Dispatcher.NewStep[]::new));
        List<String> receipts = new ArrayList<>();
        for (var batch = stack.receive(10); !batch.isEmpty(); batch = stack.receive(10)) {
            batch.forEach(delivery -> receipts.add(delivery.receipt()));
        }
        stack.ports.queue().delete(receipts);
        damage(BAD);
    }

    private static Map<Name, Integer> counts(Map<Name, Integer> counts) {
        return new TreeMap<>(counts);
    }

    @Test
    void keeps_no_other_step_from_recovery_and_its_dispatch_open_until_it_is_repaired() throws InterruptedException {
        loseFifty();
        stack.recover(10);
        assertThat(stack.work.started()).hasSize(STEPS - 1).doesNotContain(BAD + "#2");
        assertThat(stack.dispatched("d2").closed()).isFalse();
        assertThat(stack.dispatched("d2").counts())
                .isEqualTo(counts(Map.of(Name.SUCCEEDED, STEPS - 1, Name.UNKNOWN, 1)));
        assertThat(stack.dispatched("d1").counts()).isEqualTo(counts(Map.of(Name.UNKNOWN, 1)));

        repair(BAD);
        stack.recover(10);
        assertThat(stack.state(BAD)).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.record(BAD).attempt()).isEqualTo(2);
        assertThat(stack.dispatched("d1").closed()).isTrue();
        assertThat(stack.dispatched("d2").closed()).isTrue();
    }

    @Test
    void is_counted_and_reported_by_each_sweep_that_meets_it_and_met_again_after_ten_minutes()
            throws InterruptedException {
        loseFifty();
        SweepReport report = stack.sweepAfter(Duration.ofMinutes(3));
        assertThat(report.unreachable()).as("once for each of its dispatches").isEqualTo(2);
        assertThat(stack.count(Metric.RECORDS_DAMAGED)).isEqualTo(2);
        stack.deliverAll();
        stack.sweepAfter(Duration.ofMinutes(1));
        assertThat(stack.count(Metric.RECORDS_DAMAGED)).isEqualTo(2);
        stack.sweepAfter(Duration.ofMinutes(9));
        assertThat(stack.count(Metric.RECORDS_DAMAGED)).isEqualTo(4);
    }

    @Test
    void is_listed_as_unknown_with_what_to_do_among_the_others() throws InterruptedException {
        loseFifty();
        stack.recover(10);
        JsonNode page = api.get("/v1/runs/r1/steps?limit=1000").path("steps");
        assertThat(page).hasSize(STEPS + 1);
        for (JsonNode step : page) {
            boolean bad = step.path("key").asText().equals(BAD);
            assertThat(step.path("state").asText()).isEqualTo(bad ? "UNKNOWN" : "SUCCEEDED");
            assertThat(step.path("handler").asText()).isEqualTo("work");
            assertThat(step.path("damage").asText("none"))
                    .satisfies(text -> assertThat(text.contains("r1/" + BAD) && text.contains("estore"))
                            .isEqualTo(bad));
        }
        assertThat(api.get("/v1/runs/r1/steps?state=UNKNOWN").path("steps")).hasSize(2);
        assertThat(api.get("/v1/runs/r1/steps?state=SUCCEEDED").path("steps")).hasSize(STEPS - 1);
        JsonNode status = api.get("/v1/runs/r1?exact=true");
        assertThat(status.path("counts").path("UNKNOWN").asInt()).isEqualTo(2);
        assertThat(status.path("counts").path("SUCCEEDED").asInt()).isEqualTo(STEPS - 1);
        assertThat(api.get("/v1/runs/r1").path("counts")).isEqualTo(status.path("counts"));
    }

    @Test
    void is_looked_up_as_unknown_beside_the_others() throws InterruptedException {
        loseFifty();
        stack.recover(10);
        JsonNode answer =
                api.ok(200, "POST", "/v1/runs/r1/steps/lookup", "{\"keys\":[\"s1\",\"" + BAD + "\",\"nowhere\"]}");
        assertThat(answer.path("absentKeys")).extracting(JsonNode::asText).containsExactly("nowhere");
        assertThat(answer.path("entries"))
                .extracting(entry ->
                        entry.path("key").asText() + " " + entry.path("state").asText())
                .containsExactly("s1 SUCCEEDED", BAD + " UNKNOWN");
        assertThat(answer.path("entries").get(1).path("damage").asText()).contains("r1/" + BAD);
    }

    @Test
    void does_not_stop_the_feed() throws InterruptedException {
        stack.handOver("a", "b", "c");
        stack.deliver();
        damage("b");
        JsonNode entries = api.get("/v1/runs/r1/feed").path("entries");
        assertThat(entries)
                .extracting(entry ->
                        entry.path("key").asText() + " " + entry.path("state").asText())
                .containsExactlyInAnyOrder("a SUCCEEDED", "b UNKNOWN", "c SUCCEEDED");
    }

    @Test
    void is_cancelled_with_its_run_once_it_is_repaired_and_the_others_at_once() throws InterruptedException {
        loseFifty();
        JsonNode answer = api.ok(200, "POST", "/v1/runs/r1/cancel", null);
        assertThat(answer.path("cancelledCount").asInt()).isEqualTo(STEPS - 1);
        stack.recover(10);
        assertThat(stack.dispatched("d1").closed()).isFalse();
        repair(BAD);
        stack.recover(10);
        assertThat(stack.state(BAD)).isEqualTo(Name.CANCELLED);
        assertThat(stack.dispatched("d1").closed()).isTrue();
        assertThat(stack.work.started()).isEmpty();
    }

    @Test
    void is_left_by_a_redrive_which_says_so_and_goes_on_after_the_repair() throws InterruptedException {
        for (String key : List.of("a", "b", "c")) {
            stack.work.on(key, (input, context) -> {
                throw new TerminalFailure("no");
            });
        }
        stack.handOver("a", "b", "c");
        stack.deliver();
        damage("b");
        String call = "{\"redriveId\":\"mended\"}";
        JsonNode first = api.ok(200, "POST", "/v1/runs/r1/redrive", call);
        assertThat(first.path("redrivenCount").asInt()).isEqualTo(2);
        assertThat(first.path("damagedKeys")).extracting(JsonNode::asText).containsExactly("b");
        repair("b");
        JsonNode second = api.ok(200, "POST", "/v1/runs/r1/redrive", call);
        assertThat(second.path("redrivenCount").asInt()).isEqualTo(3);
        assertThat(second.has("damagedKeys")).isFalse();
        assertThat(stack.state("b")).isEqualTo(Name.RETRYING);
        assertThat(api.ok(200, "POST", "/v1/runs/r1/redrive", call)
                        .path("replayed")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void keeps_its_dead_letter_which_is_not_called_stale_until_it_is_repaired() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            throw new IllegalStateException("no");
        });
        stack.dispatch("d1", Stack.once("a"));
        stack.deliver();
        damage("a");
        JsonNode letter = api.get("/v1/dead-letters").path("deadLetters").path(0);
        assertThat(letter.path("stepState").asText()).isEqualTo("UNKNOWN");
        assertThat(letter.has("stale")).isFalse();
        String left = "{\"redrivenCount\":0,\"deletedCount\":0,\"leftCount\":1,\"complete\":true}";
        assertThat(api.ok(200, "POST", "/v1/dead-letters/redrive", "{\"all\":true}"))
                .isEqualTo(Json.parse(left));
        assertThat(api.ok(200, "POST", "/v1/dead-letters/purge", "{\"all\":true}")
                        .path("leftCount")
                        .asInt())
                .isEqualTo(1);
        repair("a");
        assertThat(api.ok(200, "POST", "/v1/dead-letters/redrive", "{\"all\":true}")
                        .path("redrivenCount")
                        .asInt())
                .isEqualTo(1);
        assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
    }

    @Test
    void may_be_named_again_by_another_dispatch() throws InterruptedException {
        stack.handOver("a", "b");
        stack.deliver();
        damage("b");
        api.ok(202, "POST", "/v1/runs/r1/dispatches", "{\"steps\":[{\"key\":\"b\",\"handler\":\"work\"}]}");
        assertThat(stack.execute(stack.receive(10)))
                .as("its message waits for the repair")
                .hasSize(1);
        assertThat(stack.work.started()).containsExactlyInAnyOrder("a#1", "b#1");
    }

    @Test
    void of_a_dispatch_keeps_no_other_from_being_swept() throws InterruptedException {
        stack.dispatch("d1", Stack.step("a"));
        stack.dispatch("d2", Stack.step("b"));
        stack.deliver();
        StateFolderDamage.dispatch(folder.resolve("state"), Stack.RUN, "d1");
        SweepReport report = stack.sweepAfter(Duration.ofMinutes(1));
        assertThat(report.closed()).isEqualTo(1);
        assertThat(report.unreachable()).isEqualTo(1);
        assertThat(stack.dispatched("d2").closed()).isTrue();
    }
}
