package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import dev.stepstile.usecase.Metric;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The runs function, given each of its sample events, for a run in which one step succeeded and one is dead. */
class RunsFunctionTest {
    @TempDir
    Path folder;

    private Deployed deployed;

    @BeforeEach
    void deploy() {
        deployed = new Deployed(folder);
        deployed.dispatch("dispatch-http");
        deployed.step("step-batch", new OnlyUs());
    }

    @AfterEach
    void remove() {
        deployed.close();
    }

    @Test
    void status_counts_now_if_asked_to() {
        JsonNode status = answered("runs-status");
        assertThat(status.path("stepCount").asInt()).isEqualTo(3);
        assertThat(status.path("counts").path("SUCCEEDED").asInt()).isEqualTo(1);
        assertThat(status.path("counts").path("RETRYING").asInt()).isEqualTo(1);
        assertThat(status.path("counts").path("DEAD").asInt()).isEqualTo(1);
    }

    @Test
    void steps_are_listed_by_state() {
        JsonNode steps = answered("runs-steps").path("steps");
        assertThat(steps).hasSize(1);
        assertThat(steps.path(0).path("key").asText()).isEqualTo("load[us]");
    }

    @Test
    void a_step_is_shown_with_its_result_and_log() {
        JsonNode step = answered("runs-step");
        assertThat(step.path("state").asText()).isEqualTo("SUCCEEDED");
        assertThat(step.path("result").asText()).isEqualTo("loaded");
        assertThat(step.path("logPages").path(0).path("lines").path(0).asText()).isEqualTo("3 rows");
    }

    /** A key that no path can carry through API Gateway, which decodes it and cuts it at the question mark. */
    @Test
    void a_step_of_any_key_is_shown_by_a_query() {
        JsonNode answer = deployed.runs("runs-step-by-key");
        assertThat(Json.parse(answer.path("body").asText()).path("detail").asText())
                .startsWith("Step 'eu/München 100%?+1' has not started");
    }

    /** As a function URL sends it, which does not decode the path. */
    @Test
    void a_path_is_decoded_once_whoever_sends_it() {
        String event = Events.text("runs-step");
        assertThat(event).contains("/steps/load[us]");
        String ofAUrl = event.replace("/steps/load[us]", "/steps/load%5Bus%5D")
                .replace("execute-api", "lambda-url")
                .replace("amazonaws.com", "on.aws");
        assertThat(deployed.asked(ofAUrl).path("statusCode").asInt()).isEqualTo(200);
        assertThat(deployed.asked(event.replace("/steps/load[us]", "/steps/load%5Bus%5D"))
                        .path("statusCode")
                        .asInt())
                .as("a key with a percent sign, which a path does not carry")
                .isEqualTo(400);
    }

    @Test
    void what_a_worker_runs_is_shown_as_of_its_heartbeat() {
        assertThat(answered("runs-running").path("steps")).isEmpty();
        WorkerRecord worker = WorkerRecord.starting(
                "w1",
                List.of(new Assignment(new StepId("nightly", "extract"), 0, "nightly-1", 0)),
                Instant.now().plusSeconds(15));
        Activity half = new Activity(2, Instant.now(), new StepState.Progress(0.5, "half"), "");
        deployed.ports().workers().start(worker);
        deployed.ports().workers().renew(worker.withBeat(worker.leaseUntil(), new TreeMap<>(Map.of(0, half))));
        assertThat(answered("runs-running").path("steps")).singleElement().satisfies(step -> {
            assertThat(step.path("key").asText()).isEqualTo("extract");
            assertThat(step.path("attempt").asInt()).isEqualTo(2);
            assertThat(step.path("progress").asDouble()).isEqualTo(0.5);
        });
    }

    @Test
    void an_audit_finds_nothing_wrong() {
        JsonNode audit = answered("runs-audit");
        assertThat(audit.path("violations").isArray()).isTrue();
        assertThat(audit.path("violations")).isEmpty();
        assertThat(audit.path("checkedCount").asInt()).isEqualTo(3);
    }

    @Test
    void runs_are_listed_with_how_they_stand() {
        assertThat(answered("runs-list").path("runs")).singleElement().satisfies(run -> {
            assertThat(run.path("runId").asText()).isEqualTo("nightly");
            assertThat(run.path("openDispatchCount").asInt()).isEqualTo(1);
        });
        assertThat(answered("runs-running-of-all").path("steps").isArray()).isTrue();
    }

    @Test
    void failures_are_found_by_a_filter_and_in_groups() {
        assertThat(answered("runs-steps-filter").path("steps"))
                .singleElement()
                .satisfies(step -> assertThat(step.path("key").asText()).isEqualTo("load[eu]"));
        assertThat(answered("runs-failures").path("failures")).singleElement().satisfies(group -> {
            assertThat(group.path("kind").asText()).isEqualTo("HANDLER_FAILED");
            assertThat(group.path("message").asText()).contains("the warehouse does not answer");
        });
        JsonNode plan = deployed.runs("runs-redrive-plan");
        assertThat(plan.path("status").asInt()).isEqualTo(200);
        assertThat(plan.path("body").path("counts").path("DEAD").asInt()).isEqualTo(1);
        assertThat(deployed.state("load[eu]")).isEqualTo(StepState.Name.DEAD);
    }

    @Test
    void a_step_is_shown_with_its_input() {
        assertThat(answered("runs-step-input").path("input").path("region").asText())
                .isEqualTo("us");
    }

    @Test
    void some_steps_are_cancelled_alone() {
        JsonNode cancelled = answered("runs-cancel-steps");
        assertThat(cancelled.path("cancelledCount").asInt()).isEqualTo(1);
        assertThat(cancelled.path("complete").asBoolean()).isTrue();
        assertThat(deployed.state("extract")).isEqualTo(StepState.Name.CANCELLED);
        assertThat(answered("runs-status").path("cancelled").asBoolean()).isFalse();
    }

    @Test
    void a_run_and_a_handler_are_paused_and_a_run_resumed() {
        assertThat(answered("runs-pause").path("changed").asBoolean()).isTrue();
        assertThat(deployed.runs("runs-pause-handler")
                        .path("body")
                        .path("scope")
                        .asText())
                .isEqualTo("handler");
        assertThat(answered("runs-pauses").path("pauses")).hasSize(2);
        assertThat(answered("runs-resume").path("changed").asBoolean()).isTrue();
        assertThat(answered("runs-pauses").path("pauses")).hasSize(1);
    }

    @Test
    void a_dead_letter_is_listed_and_its_step_redriven() {
        assertThat(answered("runs-dead-letters").path("deadLetters"))
                .singleElement()
                .satisfies(letter -> {
                    assertThat(letter.path("key").asText()).isEqualTo("load[eu]");
                    assertThat(letter.path("stepState").asText()).isEqualTo("DEAD");
                });
        assertThat(answered("runs-dead-letters-purge").path("purgedCount").asInt())
                .as("messages that are not recognised")
                .isZero();
        assertThat(answered("runs-dead-letters-redrive").path("redrivenCount").asInt())
                .isEqualTo(1);
        assertThat(deployed.state("load[eu]")).isEqualTo(StepState.Name.RETRYING);
    }

    @Test
    void the_event_of_the_audits_schedule_audits_all_runs() {
        JsonNode answer = deployed.runs("runs-audit-schedule");
        assertThat(answer.path("status").asInt()).isEqualTo(200);
        JsonNode audit = answer.path("body");
        assertThat(audit.path("violations")).isEmpty();
        assertThat(audit.path("runCount").asInt()).isEqualTo(1);
        assertThat(audit.path("checkedCount").asInt()).isEqualTo(3);
        assertThat(audit.path("complete").asBoolean()).isTrue();
        assertThat(deployed.counts().of(Metric.STEPS_AUDITED)).isEqualTo(3);
    }

    @Test
    void the_feed_shows_what_ended() {
        JsonNode feed = answered("runs-feed");
        Set<String> ended = new TreeSet<>();
        feed.path("entries").forEach(entry -> {
            if (entry.has("state")) {
                ended.add(entry.path("key").asText() + " " + entry.path("state").asText());
            }
        });
        assertThat(ended).containsExactly("load[eu] DEAD", "load[us] SUCCEEDED");
        assertThat(feed.path("cursor").asText()).isNotEmpty();
    }

    @Test
    void a_lookup_says_which_keys_are_absent() {
        JsonNode lookup = answered("runs-lookup");
        assertThat(lookup.path("entries")).hasSize(2);
        assertThat(lookup.path("absentKeys")).hasSize(1);
        assertThat(lookup.path("absentKeys").path(0).asText()).isEqualTo("load[ap]");
    }

    @Test
    void a_cancel_ends_what_has_not_ended() {
        assertThat(answered("runs-cancel").path("cancelledCount").asInt()).isEqualTo(1);
        assertThat(deployed.state("extract")).isEqualTo(StepState.Name.CANCELLED);
        assertThat(deployed.state("load[us]")).isEqualTo(StepState.Name.SUCCEEDED);
        assertThat(answered("runs-cancel").path("cancelledCount").asInt()).isZero();
    }

    @Test
    void a_redrive_runs_dead_steps_again() {
        JsonNode answer = deployed.runs("runs-redrive");
        assertThat(answer.path("status").asInt()).isEqualTo(200);
        assertThat(answer.path("body").path("redrivenCount").asInt()).isEqualTo(1);
        assertThat(deployed.state("load[eu]")).isEqualTo(StepState.Name.RETRYING);
    }

    @Test
    void the_template_routes_each_call_that_is_known_to_the_function_that_answers_it() {
        Template template = Template.parse(Template.text());
        Set<String> routes = new TreeSet<>();
        template.functions()
                .keySet()
                .forEach(function -> template.events(function, "HttpApi")
                        .forEach(route ->
                                routes.add(function + " " + route.path("Method").asText() + " "
                                        + route.path("Path").asText())));
        Set<String> known = new TreeSet<>();
        for (String call : known()) {
            known.add((call.endsWith("/dispatches") ? "DispatchFunction " : "RunsFunction ") + call);
            String path = call.substring(call.indexOf(' ') + 1)
                    .replace("{runId}", "nightly")
                    .replace("{key}", "extract");
            JsonNode answer = deployed.call(call.substring(0, call.indexOf(' ')), path);
            assertThat(answer.path("body").path("type").asText()).as(call).doesNotEndWith("/no-such-call");
        }
        assertThat(routes).isEqualTo(known).hasSize(24);
    }

    /** The calls that the answer to an unknown one names: {@code GET /v1/runs/{runId}, …/feed; POST …/cancel}. */
    private List<String> known() {
        String detail =
                deployed.call("GET", "/v1/none").path("body").path("detail").asText();
        Matcher names = Pattern.compile("GET|POST|[/…][^ ,;]*[^ ,;.]").matcher(detail);
        Set<String> calls = new TreeSet<>();
        String method = "";
        while (names.find()) {
            if (names.group().matches("GET|POST")) {
                method = names.group();
            } else {
                calls.add(method + " " + names.group().replace("…", "/v1/runs/{runId}"));
            }
        }
        return List.copyOf(calls);
    }

    private JsonNode answered(String event) {
        JsonNode answer = deployed.runs(event);
        assertThat(answer.path("statusCode").asInt()).isEqualTo(200);
        return Json.parse(answer.path("body").asText());
    }

    /** Loads one region, and fails for all others. */
    private static final class OnlyUs implements StepHandler {
        @Override
        public String name() {
            return "stepstile.echo";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            if (!input.json().contains("\"us\"")) {
                throw new IllegalStateException("the warehouse does not answer");
            }
            context.log("3 rows");
            return StepResult.of("loaded");
        }
    }
}
