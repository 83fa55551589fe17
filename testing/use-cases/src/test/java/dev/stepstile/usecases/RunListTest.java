package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.port.PortException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The list of runs: newest first, open ones, by prefix and time. */
class RunListTest {
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

    /** A run of one step, a minute after the one before. */
    private void run(String runId) throws InterruptedException {
        api.ok(202, "POST", "/v1/runs/" + runId + "/dispatches", "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\"}]}");
        stack.time.advance(Duration.ofMinutes(1));
    }

    private List<String> ids(String query) throws InterruptedException {
        List<String> ids = new ArrayList<>();
        String cursor = "";
        while (cursor != null) {
            JsonNode page = api.get("/v1/runs?" + query + "&cursor=" + cursor);
            ids.addAll(page.path("runs").findValuesAsText("runId"));
            cursor = page.path("cursor").textValue();
        }
        return ids;
    }

    @Test
    void the_runs_come_newest_first_with_their_status_whatever_the_size_of_a_page() throws InterruptedException {
        for (int i = 1; i <= 25; i++) {
            run("r" + i);
        }
        List<String> expected = new ArrayList<>();
        for (int i = 25; i >= 1; i--) {
            expected.add("r" + i);
        }
        assertThat(ids("")).isEqualTo(expected);
        assertThat(api.get("/v1/runs").path("runs")).as("by default").hasSize(20);
        for (int limit : List.of(1, 7, 24, 25, 100)) {
            assertThat(ids("limit=" + limit)).as("pages of " + limit).isEqualTo(expected);
        }
        JsonNode first = api.get("/v1/runs?limit=1").path("runs").path(0);
        assertThat(first).isEqualTo(api.get("/v1/runs/r25"));
    }

    @Test
    void runs_of_the_same_millisecond_come_each_once_by_their_ids() throws InterruptedException {
        for (String run : List.of("c", "a", "b")) {
            api.ok(
                    202,
                    "POST",
                    "/v1/runs/" + run + "/dispatches",
                    "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\"}]}");
        }
        assertThat(ids("limit=1")).containsExactly("a", "b", "c");
    }

    @Test
    void open_runs_are_those_with_an_open_dispatch() throws InterruptedException {
        run("old");
        stack.deliverAll();
        stack.sweepAfter(Duration.ofMinutes(1));
        run("new1");
        run("new2");
        assertThat(ids("open=true")).containsExactly("new2", "new1");
        assertThat(ids("open=true&limit=1")).containsExactly("new2", "new1");
        assertThat(ids("open=false")).containsExactly("new2", "new1", "old");
    }

    private void control(String path) throws InterruptedException {
        api.ok(200, "POST", path, "{}");
    }

    @Test
    void paused_runs_are_those_that_are_paused_themselves_newest_first() throws InterruptedException {
        for (int i = 1; i <= 5; i++) {
            run("r" + i);
        }
        for (String run : List.of("r4", "r2", "r5", "r1")) {
            control("/v1/runs/" + run + "/pause");
        }
        control("/v1/runs/r5/resume");
        assertThat(ids("paused=true")).containsExactly("r4", "r2", "r1");
        assertThat(ids("paused=true&limit=1")).containsExactly("r4", "r2", "r1");
        assertThat(ids("paused=false")).containsExactly("r5", "r4", "r3", "r2", "r1");
        assertThat(ids("paused=true&prefix=r4")).containsExactly("r4");
        assertThat(ids("paused=true&since=2026-11-24T08:01:00Z&until=2026-11-24T08:03:00Z"))
                .containsExactly("r2");
        JsonNode shown = api.get("/v1/runs?paused=true&limit=1").path("runs").path(0);
        assertThat(shown).isEqualTo(api.get("/v1/runs/r4"));
        assertThat(shown.path("paused").booleanValue()).isTrue();
        assertThat(api.get("/v1/runs").path("runs").findValuesAsText("paused")).hasSize(3);
    }

    @Test
    void paused_runs_that_are_open_are_both() throws InterruptedException {
        run("ended");
        stack.deliverAll();
        stack.sweepAfter(Duration.ofMinutes(1));
        run("waits");
        control("/v1/runs/ended/pause");
        control("/v1/runs/waits/pause");
        assertThat(ids("paused=true")).containsExactly("waits", "ended");
        assertThat(ids("paused=true&open=true")).containsExactly("waits");
    }

    @Test
    void with_a_pause_of_everything_each_run_is_paused_and_with_one_of_a_handler_none() throws InterruptedException {
        run("r1");
        run("r2");
        api.ok(200, "POST", "/v1/pause", "{\"handler\":\"work\"}");
        assertThat(ids("paused=true")).isEmpty();
        control("/v1/pause");
        assertThat(ids("paused=true")).containsExactly("r2", "r1");
    }

    /** They are a hundred at most: there may be a million of the others. */
    @Test
    void the_list_of_paused_runs_does_not_read_the_index_of_all() throws InterruptedException {
        run("r1");
        control("/v1/runs/r1/pause");
        stack.faults.fail("store.runs");
        assertThat(ids("paused=true")).containsExactly("r1");
        assertThatThrownBy(() -> api.get("/v1/runs")).as("which reads it").isInstanceOf(PortException.class);
    }

    @Test
    void a_prefix_is_compared_character_by_character() throws InterruptedException {
        List.of("nightly-1", "nightly-2", "nightly.x", "hourly", "Nightly").forEach(run -> {
            try {
                run(run);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(ids("prefix=nightly-")).containsExactly("nightly-2", "nightly-1");
        assertThat(ids("prefix=nightly.")).containsExactly("nightly.x");
        assertThat(ids("prefix=x")).isEmpty();
    }

    @Test
    void a_span_includes_its_beginning_and_not_its_end() throws InterruptedException {
        for (int i = 0; i < 5; i++) {
            run("r" + i);
        }
        assertThat(ids("since=2026-11-24T08:01:00Z&until=2026-11-24T08:03:00Z&limit=1"))
                .containsExactly("r2", "r1");
        assertThat(ids("since=2026-11-24T08:04:00Z")).containsExactly("r4");
        assertThat(ids("until=2026-11-24T08:00:00.000001Z")).containsExactly("r0");
        assertThat(ids("until=2026-11-24T08:00:00Z")).isEmpty();
    }

    @Test
    void a_list_that_takes_long_is_answered_piece_by_piece() throws InterruptedException {
        for (int i = 0; i < 30; i++) {
            run("r" + i);
        }
        listSlowly();
        JsonNode page = api.get("/v1/runs?limit=100");
        assertThat(page.path("runs").size()).isBetween(1, 29);
        assertThat(page.has("cursor")).isTrue();
        assertThat(ids("limit=100")).hasSize(30).doesNotHaveDuplicates();
    }

    /** From here on, each run that is read takes half a second. */
    private void listSlowly() {
        stack.faults.afterNext("store.dispatches", () -> {
            stack.time.advance(Duration.ofMillis(500));
            listSlowly();
        });
    }

    @Test
    void without_runs_the_list_is_empty() throws InterruptedException {
        assertThat(api.get("/v1/runs").toString()).isEqualTo("{\"runs\":[]}");
        assertThat(api.get("/v1/runs?open=true").toString()).isEqualTo("{\"runs\":[]}");
    }

    @Test
    void what_is_no_filter_of_runs_is_refused_by_the_name_of_the_parameter() throws InterruptedException {
        run("r1");
        String ofSteps = api.get("/v1/runs/r1/steps?limit=1").path("cursor").asText("eyJ9");
        Map<String, String> refused = Map.of(
                "open=yes",
                "bad-flag",
                "paused=True",
                "bad-flag",
                "prefix=" + URLEncoder.encode("a#b", StandardCharsets.UTF_8),
                "bad-prefix",
                "prefix=" + "x".repeat(129),
                "bad-prefix",
                "since=now",
                "bad-time",
                "limit=0",
                "bad-limit",
                "limit=101",
                "bad-limit",
                "state=open",
                "unknown-parameter",
                "cursor=" + ofSteps,
                "bad-cursor");
        for (Map.Entry<String, String> query : refused.entrySet()) {
            String target = "/v1/runs?" + query.getKey();
            assertThat(api.problem("GET", target, null)).as(target).isEqualTo("400 " + query.getValue());
            if (!query.getValue().equals("bad-cursor")) {
                assertThat(api.call("GET", target, null).body())
                        .as(target)
                        .contains("'" + query.getKey().split("=", 2)[0] + "'");
            }
        }
        assertThat(api.problem("POST", "/v1/runs", "{}")).isEqualTo("405 method-not-allowed");
    }
}
