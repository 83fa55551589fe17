package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.aws.SqsStepQueue;
import dev.stepstile.codec.Json;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.runtime.VirtualTasks;
import dev.stepstile.step.StepId;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.LogContext;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Tasks;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequest;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;

/** What the functions print: log lines and metrics, each a JSON object on a line of its own. */
class LoggingTest {
    private static final Pattern OF_ATTEMPT = Pattern.compile("Step nightly/(\\S+): .*\\battempt (\\d+)\\b.*");

    @TempDir
    static Path folder;

    private static List<String> printed = List.of();

    @BeforeAll
    static void invoke() throws IOException, InterruptedException {
        printed = FunctionProcess.printedBy(
                LoggedInvocations.class,
                folder,
                Map.of("POWERTOOLS_LOG_LEVEL", "DEBUG", "POWERTOOLS_SERVICE_NAME", "stepstile"));
    }

    @Test
    void a_provider_is_bound_and_it_is_the_logging_of_the_jdk() {
        assertThat(LoggerFactory.getILoggerFactory().getClass().getName())
                .isEqualTo("org.slf4j.jul.JDK14LoggerFactory");
    }

    @Test
    void every_line_is_a_json_object_and_what_a_handler_prints_is_none_of_them() {
        assertThat(printed)
                .isNotEmpty()
                .allSatisfy(line -> assertThat(Json.parse(line).isObject()).isTrue());
        assertThat(printed).noneMatch(line -> line.contains("printed by the handler"));
    }

    @Test
    void every_line_of_an_invocation_carries_its_request() {
        List<JsonNode> sinceTheFirst = logged().stream()
                .dropWhile(line -> !request(line).equals("request-of-step"))
                .toList();
        assertThat(sinceTheFirst)
                .hasSizeGreaterThan(8)
                .allSatisfy(
                        line -> assertThat(request(line)).as(line.toString()).startsWith("request-of-"));
    }

    @Test
    void what_is_logged_of_an_attempt_carries_run_step_attempt_and_request() {
        int seen = 0;
        for (JsonNode line : logged()) {
            Matcher names = OF_ATTEMPT.matcher(line.path("message").asText());
            if (names.matches() && request(line).startsWith("request-of-step")) {
                seen++;
                assertThat(line.path("run").asText()).as(line.toString()).isEqualTo("nightly");
                assertThat(line.path("step").asText()).isEqualTo(names.group(1));
                // A duplicate has no attempt of its own.
                if (!names.group().contains("held by") && !names.group().contains("already")) {
                    assertThat(line.path("attempt").asText())
                            .as(line.toString())
                            .isEqualTo(names.group(2));
                }
            }
        }
        assertThat(seen).as("claims and ends of three steps").isGreaterThanOrEqualTo(6);
    }

    @Test
    void what_a_handler_logs_carries_run_step_attempt_and_request() {
        List<JsonNode> lines = logged().stream()
                .filter(line -> line.path("message").asText().startsWith("handler of"))
                .toList();
        assertThat(lines).hasSize(3).allSatisfy(line -> {
            assertThat(line.path("message").asText()).contains(line.path("step").asText("none"));
            assertThat(line.path("run").asText()).isEqualTo("nightly");
            assertThat(line.path("attempt").asText()).isEqualTo("1");
            assertThat(request(line)).isEqualTo("request-of-step");
        });
    }

    @Test
    void a_scope_carries_its_context_alone_and_leaves_the_one_before() {
        StepId extract = new StepId("nightly", "extract");
        try (LogContext.Scope _ = LogContext.of(extract, 1).open()) {
            try (LogContext.Scope sweep = LogContext.of("weekly").open()) {
                assertThat(carried()).isEqualTo(Map.of("run", "weekly"));
                sweep.change(LogContext.of(new StepId("weekly", "load"), 2));
                assertThat(carried()).isEqualTo(Map.of("run", "weekly", "step", "load", "attempt", "2"));
            }
            assertThat(carried()).isEqualTo(Map.of("run", "nightly", "step", "extract", "attempt", "1"));
        }
        assertThat(carried()).isEmpty();
    }

    private static Map<String, String> carried() {
        return Objects.requireNonNullElse(MDC.getCopyOfContextMap(), Map.of());
    }

    @Test
    void a_timer_logs_in_the_context_of_whoever_set_it() throws InterruptedException {
        BlockingQueue<String> steps = new LinkedBlockingQueue<>();
        Tasks.Cancellable timer;
        try (LogContext.Scope _ =
                LogContext.of(new StepId("nightly", "extract"), 1).open()) {
            timer = new VirtualTasks()
                    .every("tick", Duration.ofMillis(1), () -> steps.add(String.valueOf(MDC.get("step"))));
        }
        try {
            assertThat(steps.poll(10, TimeUnit.SECONDS)).isEqualTo("extract");
        } finally {
            timer.cancel();
        }
    }

    @Test
    void what_the_senders_of_a_large_dispatch_log_carries_its_run_and_request() {
        Queue<String> contexts = new ConcurrentLinkedQueue<>();
        SqsClient notedContext = new SqsClient() {
            @Override
            public SendMessageBatchResponse sendMessageBatch(SendMessageBatchRequest request) {
                contexts.add(MDC.get("run") + " " + MDC.get("function_request_id"));
                return SendMessageBatchResponse.builder().failed(List.of()).build();
            }

            @Override
            public String serviceName() {
                return "sqs";
            }

            @Override
            public void close() {}
        };
        MDC.put("function_request_id", "the-request");
        try (LogContext.Scope _ = LogContext.of("nightly").open()) {
            new SqsStepQueue(notedContext, "queue", new VirtualTasks())
                    .send(Collections.nCopies(35, new Outgoing("nightly", "{}", Duration.ZERO)));
        } finally {
            MDC.clear();
        }
        assertThat(contexts).hasSize(4).containsOnly("nightly the-request");
    }

    @Test
    void what_a_dispatch_and_a_sweep_log_carries_their_run() {
        assertThat(logged())
                .filteredOn(line -> request(line).equals("request-of-sweeper")
                        && line.path("message").asText().startsWith("Dispatch "))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line.path("run").asText())
                        .as(line.toString())
                        .isEqualTo("nightly"));
    }

    @Test
    void a_worker_that_is_revoked_is_named_with_the_time_of_its_last_heartbeat_and_what_happens_next() {
        assertThat(logged())
                .filteredOn(line -> line.path("message").asText().contains(LoggedInvocations.LOST_WORKER))
                .singleElement()
                .satisfies(line -> {
                    assertThat(line.path("message").asText())
                            .isEqualTo(
                                    "Worker the-lost-one: silent since 1969-12-31T23:59:58.500Z; revoked, and its steps are"
                                            + " sent again.");
                    assertThat(line.path("level").asText()).isEqualTo("WARN");
                    assertThat(request(line)).isEqualTo("request-of-sweeper");
                });
    }

    @Test
    void a_violation_is_a_line_with_its_run_its_step_its_kind_and_its_evidence() {
        assertThat(logged())
                .filteredOn(line -> line.has("violation"))
                .singleElement()
                .satisfies(line -> {
                    assertThat(line.path("level").asText()).isEqualTo("ERROR");
                    assertThat(line.path("violation").asText()).isEqualTo("RECORD_DAMAGED");
                    assertThat(line.path("run").asText()).isEqualTo("nightly");
                    assertThat(line.path("step").asText()).isEqualTo("extract");
                    assertThat(line.path("message").asText())
                            .startsWith("RECORD_DAMAGED in dispatch nightly-1: ")
                            .contains("The record of step nightly/extract is damaged");
                    assertThat(request(line)).isEqualTo("request-of-runs");
                });
    }

    @Test
    void what_is_logged_outside_of_a_step_carries_none() {
        List<JsonNode> lines = logged().stream()
                .filter(line -> line.path("message").asText().startsWith("Message ")
                        || request(line).equals("request-of-sweeper"))
                .toList();
        assertThat(lines).isNotEmpty().allSatisfy(line -> {
            assertThat(line.has("step")).as(line.toString()).isFalse();
            assertThat(line.has("attempt")).isFalse();
        });
    }

    @Test
    void no_line_carries_a_payload() {
        assertThat(printed)
                .noneMatch(line -> line.contains("orders"))
                .noneMatch(line -> line.contains("refused for"))
                .noneMatch(line -> line.contains("is this the right queue"));
    }

    @Test
    void counts_are_metrics_of_the_service_by_their_own_names() {
        Map<String, Double> sums = new TreeMap<>();
        List<String> names = Stream.of(Metric.values(), Gauge.values())
                .flatMap(Arrays::stream)
                .map(Enum::name)
                .toList();
        for (JsonNode line : metrics()) {
            JsonNode directive = line.path("_aws").path("CloudWatchMetrics").path(0);
            assertThat(directive.path("Namespace").asText()).isEqualTo("Stepstile");
            assertThat(directive.path("Dimensions").toString()).contains("Service");
            assertThat(line.path("Service").asText()).isEqualTo("stepstile");
            directive.path("Metrics").forEach(metric -> {
                String name = metric.path("Name").asText();
                if (metric.path("Unit").asText().equals("Count")) {
                    assertThat(names).contains(name);
                    sums.merge(name, line.path(name).asDouble(), Double::sum);
                }
            });
        }
        assertThat(sums)
                .containsEntry("STEPS_DISPATCHED", 3.0)
                .containsEntry("STEPS_CLAIMED", 3.0)
                .containsEntry("STEPS_SUCCEEDED", 2.0)
                .containsEntry("STEPS_DEAD", 1.0)
                .containsEntry("DEAD_LETTERS_SENT", 2.0)
                .containsEntry("DUPLICATES_SUPPRESSED", 1.0)
                .containsEntry("MESSAGES_UNRECOGNISED", 1.0);
    }

    @Test
    void a_sweep_counts_what_it_did() {
        assertThat(metrics())
                .anySatisfy(line ->
                        assertThat(line.path("DISPATCHES_CLOSED").asDouble()).isEqualTo(1.0))
                .anySatisfy(line ->
                        assertThat(line.path("DISPATCHES_SWEPT").asDouble()).isEqualTo(1.0));
    }

    private static String request(JsonNode line) {
        return line.path("function_request_id").asText();
    }

    private static List<JsonNode> lines(boolean metrics) {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : printed) {
            JsonNode node = Json.parse(line);
            if (node.has("_aws") == metrics) {
                lines.add(node);
            }
        }
        return lines;
    }

    private static List<JsonNode> metrics() {
        return lines(true);
    }

    private static List<JsonNode> logged() {
        return lines(false);
    }
}
