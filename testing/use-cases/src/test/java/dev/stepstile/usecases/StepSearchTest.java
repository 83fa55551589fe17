package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.StepFilter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a search through the steps of a run reads, and where its pages end. */
class StepSearchTest {
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

    private JsonNode list(String query) throws InterruptedException {
        return api.get("/v1/runs/r1/steps?" + query);
    }

    private static String[] keys(int count) {
        return IntStream.range(0, count).mapToObj(i -> "s" + i).toArray(String[]::new);
    }

    private void deliverBatches() throws InterruptedException {
        for (var batch = stack.receive(10); !batch.isEmpty(); batch = stack.receive(10)) {
            stack.deliver(batch);
        }
    }

    /** From here on, a call takes longer than an answer may, before it has read the first step. */
    private void listDispatchesSlowly() {
        stack.faults.afterNext("store.dispatches", () -> {
            stack.time.advance(Duration.ofSeconds(2));
            listDispatchesSlowly();
        });
    }

    @Test
    void a_page_that_is_late_from_its_beginning_on_comes_forward_all_the_same() throws InterruptedException {
        stack.dispatch("d1", Stack.step("a"));
        stack.dispatch("d2", Stack.step("b"));
        listDispatchesSlowly();
        JsonNode first = list("");
        assertThat(first.path("steps").findValuesAsText("key")).containsExactly("a");
        JsonNode second = list("cursor=" + first.path("cursor").asText());
        assertThat(second.path("steps").findValuesAsText("key")).containsExactly("b");
        assertThat(second.has("cursor")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "&state=QUEUED", "&handler=work", "&prefix=s", "&since=2026-11-24T08:00:00Z"})
    void a_page_has_no_more_steps_than_were_asked_for_whatever_selects_them(String filter) throws InterruptedException {
        stack.handOver(keys(5));
        List<Integer> sizes = new ArrayList<>();
        List<String> found = new ArrayList<>();
        String cursor = "";
        while (cursor != null) {
            JsonNode page = list("limit=2&cursor=" + cursor + filter);
            sizes.add(page.path("steps").size());
            found.addAll(page.path("steps").findValuesAsText("key"));
            cursor = page.path("cursor").textValue();
        }
        assertThat(sizes).containsExactly(2, 2, 1);
        assertThat(found).containsExactly(keys(5));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "state=DEAD",
                "handler=other",
                "kind=TIMEOUT",
                "since=2026-11-25T08:00:00Z",
                "until=2026-11-23T08:00:00Z",
                "failure=0123456789ab"
            })
    void records_that_say_who_is_selected_are_read_a_hundred_at_once_however_few_are_asked_for(String filter)
            throws InterruptedException {
        stack.handOver(keys(150));
        stack.faults.restart();
        assertThat(list("limit=1&" + filter).path("steps")).isEmpty();
        assertThat(stack.faults.calls("store.records")).isEqualTo(2);
    }

    @Test
    void of_a_dispatch_that_has_almost_ended_only_the_records_of_the_others_are_read() throws InterruptedException {
        StringBuilder steps = new StringBuilder();
        for (String key : keys(150)) {
            steps.append(steps.isEmpty() ? "" : ",")
                    .append("{\"key\":\"")
                    .append(key)
                    .append(key.equals("s70") ? "\",\"notBefore\":86400}" : "\"}");
        }
        api.ok(
                202,
                "POST",
                "/v1/runs/r1/dispatches",
                "{\"defaults\":{\"handler\":\"work\"},\"steps\":[" + steps + "]}");
        deliverBatches();
        stack.sweepAfter(stack.timing.sweepEvery());
        stack.faults.restart();
        assertThat(list("state=QUEUED").path("steps").findValuesAsText("key")).containsExactly("s70");
        assertThat(stack.faults.calls("store.records")).isEqualTo(1);
    }

    @Test
    void the_manifest_of_a_dispatch_of_which_no_step_can_be_selected_is_not_read() throws InterruptedException {
        stack.handOver(keys(150));
        deliverBatches();
        stack.sweepAfter(stack.timing.sweepEvery());
        assertThat(payloadsReadFor(StepState.Name.QUEUED)).isZero();
        assertThat(payloadsReadFor(StepState.Name.SUCCEEDED)).isEqualTo(1);
    }

    /** By a new process, which has read nothing yet. */
    private long payloadsReadFor(StepState.Name state) throws InterruptedException {
        stack.faults.restart();
        stack.over(stack.faults.over(stack.ports))
                .queries()
                .steps(Stack.RUN, StepFilter.ofStates(new TreeSet<>(Set.of(state))), null, 1);
        return stack.faults.calls("items.get") + stack.faults.calls("objects.get");
    }
}
