package dev.stepstile.local.runbooks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import dev.stepstile.usecase.Metric;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each block of commands in docs/runbooks.md is executed, in the order of the page, and does what the page says. */
@Tag("full")
@Timeout(value = 8, unit = TimeUnit.MINUTES)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RunbooksTest {
    private static final Path CHECKOUT = Path.of("../..").toAbsolutePath().normalize();
    private static final String AWS_CLI = "awscli==1.46.3";

    /** Checks the signatures; the CLI has a copy of its own, which is none of its API. */
    private static final String BOTOCORE = "botocore>=1.34";

    private static final String VARIABLES = "Variables and calls";
    private static final String SECRET = "runbooks";

    private RunbookPage page;
    private RunbookStack stack;
    private TableCopies copies;
    private AwsFront front;
    private Process gateway;
    private Shell shell;
    private StackCaller api;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        page = new RunbookPage();
        stack = new RunbookStack(folder);
        api = new StackCaller(stack.endpoint());
        copies = new TableCopies(stack.dynamoDb());
        Path venv = Path.of(firstLine(
                new ProcessBuilder(CHECKOUT.resolve("build/python-env").toString(), "runbooks", AWS_CLI, BOTOCORE)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start()));
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path aws = Files.writeString(bin.resolve("aws"), script(venv.resolve("bin/aws")));
        assertThat(aws.toFile().setExecutable(true)).isTrue();
        Map<String, String> environment = new HashMap<>(Map.of(
                "PATH",
                bin + ":" + System.getenv("PATH"),
                "AWS_ACCESS_KEY_ID",
                "AKIARUNBOOKS",
                "AWS_SECRET_ACCESS_KEY",
                SECRET,
                "AWS_REGION",
                "eu-west-1",
                "AWS_MAX_ATTEMPTS",
                "1",
                "HOME",
                folder.toString()));
        environment.put("AWS_SESSION_TOKEN", "a+session/token=="); // as every role's credentials have one
        ProcessBuilder signed = new ProcessBuilder(
                venv.resolve("bin/python").toString(),
                CHECKOUT.resolve("testing/python/signed_gateway.py").toString(),
                stack.endpoint().toString());
        signed.environment().putAll(environment);
        gateway = signed.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        front = new AwsFront(
                stack,
                copies,
                Map.of(
                        "ApiUrl", firstLine(gateway),
                        "QueueUrl", stack.variable("STEPSTILE_QUEUE_URL"),
                        "DeadLetterQueueUrl", stack.variable("STEPSTILE_DLQ_URL"),
                        "TableName", stack.variable("STEPSTILE_TABLE"),
                        "BucketName", stack.variable("STEPSTILE_BUCKET")));
        environment.put("AWS_ENDPOINT_URL", front.endpoint().toString());
        environment.put("AWS_ENDPOINT_URL_SQS", stack.variable("STEPSTILE_SQS_ENDPOINT"));
        shell = new Shell(folder, environment);
        execute(VARIABLES, 0, Map.of());
        execute(VARIABLES, 1, Map.of());
    }

    /** Version 1 of the CLI, the one that PyPI has, looks for queues at a fixed address. */
    private static String script(Path aws) {
        return """
                #!/bin/sh
                if [ "$1" = sqs ]; then set -- --endpoint-url "$AWS_ENDPOINT_URL_SQS" "$@"; fi
                exec %s "$@"
                """.formatted(aws);
    }

    private static String firstLine(Process process) throws IOException {
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8); // left open: the process may go on
        return String.valueOf(out.readLine());
    }

    @BeforeEach
    void asItShouldBe() {
        RunbookHandler.gate.countDown();
        stack.pointAt(1);
        stack.reserve(RunbookStack.STEP, null);
        stack.reserve(RunbookStack.SWEEPER, null);
        stack.enable(true);
    }

    @AfterAll
    void stop() {
        RunbookHandler.gate.countDown();
        if (gateway != null) {
            gateway.destroy();
        }
        if (front != null) {
            front.close();
        }
        if (stack != null) {
            stack.close();
        }
    }

    private String execute(String heading, int block, Map<String, String> variables)
            throws IOException, InterruptedException {
        return shell.run(page.commands(heading, block), variables);
    }

    private static List<JsonNode> answers(String printed) throws IOException {
        return new ObjectMapper()
                .readerFor(JsonNode.class)
                .<JsonNode>readValues(printed)
                .readAll();
    }

    // ---------------------------------------------------------------- work

    private static ObjectNode step(String key, String act, int maxAttempts) {
        ObjectNode step = Json.object().put("key", key).put("handler", RunbookHandler.NAME);
        step.put("input", act).put("maxAttempts", maxAttempts);
        step.putObject("retry").put("baseSeconds", 0);
        return step;
    }

    private static List<ObjectNode> steps(String prefix, int count, String act) {
        List<ObjectNode> steps = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            steps.add(step(prefix + i, act, 3));
        }
        return steps;
    }

    private HttpResponse<String> dispatch(String run, List<ObjectNode> steps) throws IOException, InterruptedException {
        ObjectNode body = Json.object().put("dispatchId", run + "-1");
        ArrayNode array = body.putArray("steps");
        steps.forEach(array::add);
        HttpResponse<String> answer = api.post("/v1/runs/" + run + "/dispatches", Json.print(body));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
        return answer;
    }

    private JsonNode run(String run) throws IOException, InterruptedException {
        return Json.parse(api.get("/v1/runs/" + run + "?exact=true").body());
    }

    /** Waits until nothing is left to do; returns the counts. */
    private JsonNode ended(String run) throws IOException, InterruptedException {
        return Eventually.await(
                () -> run(run), found -> found.path("openDispatchCount").asInt(-1) == 0);
    }

    private static long starts(String run) {
        return RunbookHandler.STARTED.stream()
                .filter(start -> start.startsWith(run + "/"))
                .count();
    }

    private static void startsAre(String run, long count) throws InterruptedException {
        Eventually.await(() -> starts(run) >= count);
    }

    // ---------------------------------------------------------------- the page

    @Test
    @Order(1)
    void a_call_signed_by_curl_and_an_invocation_of_the_alias_get_the_same_answer() throws Exception {
        dispatch("signed", List.of(step("load[eu]", "", 3)));
        ended("signed");

        List<JsonNode> answers = answers(execute(VARIABLES, 2, Map.of("RUN", "signed")));

        assertThat(answers).hasSize(3);
        assertThat(answers.get(0).path("counts").path("SUCCEEDED").asInt()).isEqualTo(1);
        assertThat(answers.get(1).path("result").asText()).isEqualTo("done by attempt 1");
        assertThat(answers.get(2).path("status").asInt()).isEqualTo(200);
        ObjectNode direct = answers.get(2).path("body").deepCopy();
        ObjectNode signed = answers.get(0).deepCopy();
        direct.remove("countedAt");
        signed.remove("countedAt");
        assertThat(direct).isEqualTo(signed);
    }

    @Test
    @Order(2)
    void a_call_with_another_key_or_another_token_or_none_is_refused() throws Exception {
        String call = "call GET /v1/runs/signed";
        for (String wrong : List.of(
                "AWS_SECRET_ACCESS_KEY=other " + call,
                "AWS_SESSION_TOKEN=other " + call,
                "AWS_REGION=us-east-1 " + call,
                "curl -sS --fail-with-body \"$API/v1/runs/signed\"")) {
            Shell.Ended ended = shell.attempt(wrong, Map.of());
            assertThat(ended.status()).as(wrong).isEqualTo(22);
            assertThat(ended.out()).contains("Forbidden");
        }
    }

    @Test
    @Order(3)
    void dead_letters_are_read_and_redriven_by_the_API_and_by_the_queue() throws Exception {
        stack.pointAt(2);
        dispatch("dead", List.of(step("one", "", 1)));
        api.await("dead", "one", "DEAD");
        ended("dead");
        String letters = execute("Dead letters", 0, Map.of());
        assertThat(letters).contains("HANDLER_FAILED", "a bad deployment");

        stack.pointAt(1); // the fix
        List<JsonNode> redriven = answers(execute("Dead letters", 1, Map.of("RUN", "dead")));
        assertThat(redriven.getFirst().path("counts").path("DEAD").asInt()).isEqualTo(1);
        assertThat(redriven.getLast().path("redrivenCount").asInt()).isEqualTo(1);
        assertThat(redriven.getLast().path("deletedCount").asInt()).isEqualTo(1);
        assertThat(deadLetters()).isEmpty();
        api.await("dead", "one", "SUCCEEDED");

        stack.pointAt(2);
        dispatch("dead-again", List.of(step("two", "", 1)));
        api.await("dead-again", "two", "DEAD");
        ended("dead-again");
        stack.pointAt(1);
        execute("Dead letters", 2, Map.of());
        assertThat(api.await("dead-again", "two", "SUCCEEDED").path("attempt").asInt())
                .isEqualTo(2);

        shell.run("aws sqs send-message --queue-url \"$DLQ\" --message-body hello");
        List<JsonNode> purged = answers(execute("Dead letters", 3, Map.of()));
        assertThat(purged.getFirst().path("purgedCount").asInt()).isEqualTo(1);
        assertThat(purged.getLast().path("deadLetters")).isEmpty();
        assertThat(deadLetters()).isEmpty();
    }

    private List<String> deadLetters() {
        return stack.portsOver(stack.variable("STEPSTILE_TABLE")).deadLetters().peek(100);
    }

    @Test
    @Order(4)
    void what_keeps_a_run_from_its_end_is_seen_and_lost_messages_are_sent_again() throws Exception {
        stack.rest();
        dispatch("stuck", steps("s", 5, ""));

        String seen = execute("A run does not end", 0, Map.of("RUN", "stuck"));
        assertThat(seen).contains("\"QUEUED\":5", "\"state\":\"QUEUED\"", "{\"steps\":[]}", "5\t0", "Disabled", "None");

        shell.run("aws sqs purge-queue --queue-url \"$QUEUE\"");
        stack.enable(true);
        String swept = execute("A run does not end", 1, Map.of());
        assertThat(answers(swept).getFirst().path("unreachable").asInt(-1)).isZero();
        assertThat(ended("stuck").path("counts").path("SUCCEEDED").asInt()).isEqualTo(5);
        assertThat(starts("stuck")).isEqualTo(5);
    }

    @Test
    @Order(5)
    void a_damaged_record_is_found_and_deleted_and_its_step_runs_again() throws Exception {
        stack.rest();
        dispatch("damaged", steps("d", 3, ""));
        String pk = "run#damaged#" + dev.stepstile.step.Shards.of("d1", dev.stepstile.step.Shards.DEFAULT);
        shell.run("aws dynamodb put-item --table-name \"$TABLE\" --item " + "'{\"pk\": {\"S\": \"" + pk
                + "\"}, \"sk\": {\"S\": \"d1\"}, \"state\": {\"S\": \"edited\"}}'");
        stack.enable(true);
        Eventually.await(
                () -> run("damaged"),
                run -> run.path("counts").path("SUCCEEDED").asInt() == 2);

        Map<String, String> variables = Map.of("RUN", "damaged", "PK", pk, "SK", "d1");
        String seen = execute("A step is UNKNOWN", 0, variables);
        assertThat(seen).contains("\"state\":\"UNKNOWN\"", pk, "\"S\": \"edited\"");
        assertThat(run("damaged").path("openDispatchCount").asInt()).isEqualTo(1);
        execute("A step is UNKNOWN", 1, variables);

        assertThat(ended("damaged").path("counts").path("SUCCEEDED").asInt()).isEqualTo(3);
    }

    @Test
    @Order(6)
    void a_runaway_fan_out_is_stopped_cancelled_and_started_again() throws Exception {
        String heading = "A runaway fan-out";
        RunbookHandler.gate = new CountDownLatch(1);
        dispatch("runaway", steps("r", 60, "wait"));
        startsAre("runaway", 2);

        execute(heading, 0, Map.of());
        assertThat(stack.reserved(RunbookStack.STEP)).isZero();
        assertThat(stack.enabled()).isFalse();
        long inFlight = starts("runaway");
        Instant told = Instant.now();
        List<JsonNode> cancelled = answers(execute(heading, 1, Map.of("RUN", "runaway")));
        assertThat(cancelled.getFirst().path("cancelledCount").asInt()).isPositive();
        assertThat(cancelled.getFirst().path("stoppingCount").asInt()).isPositive();
        Eventually.await(
                () -> run("runaway"),
                run -> run.path("counts").path("CANCELLED").asInt() == 60);
        assertThat(Instant.now()).as("a heartbeat, not the gate").isBefore(told.plusSeconds(60));

        dispatch("other", steps("o", 3, ""));
        execute(heading, 3, Map.of()); // the messages of the other run are lost with those of this one
        execute(heading, 2, Map.of());
        assertThat(stack.reserved(RunbookStack.STEP)).isNull();
        assertThat(ended("other").path("counts").path("SUCCEEDED").asInt()).isEqualTo(3);
        ended("runaway");
        String over = execute(heading, 4, Map.of("RUN", "runaway"));
        assertThat(over).contains("\"openDispatchCount\":0", "\"CANCELLED\":60");
        assertThat(starts("runaway")).as("nothing of it ran after the stop").isEqualTo(inFlight);
    }

    @Test
    @Order(7)
    void a_bad_deployment_is_rolled_back_while_work_is_in_flight() throws Exception {
        String heading = "A bad deployment";
        stack.pointAt(2);
        dispatch("bad", steps("b", 5, ""));
        api.awaitAll("bad", "DEAD");
        String newer = "{\"v\": 99, \"runId\": \"newer\"}";
        shell.run("aws sqs send-message --queue-url \"$QUEUE\" --message-body '" + newer + "'");
        assertThat(execute(heading, 0, Map.of())).contains("\"2\"", "1\t", "2\t");

        execute(heading, 1, Map.of());

        assertThat(stack.version()).isEqualTo(1);
        answers(execute("Dead letters", 1, Map.of("RUN", "bad")));
        api.awaitAll("bad", "SUCCEEDED");
        assertThat(deadLetters()).noneMatch(letter -> letter.contains("newer"));
        assertThat(stack.counted(Metric.MESSAGES_UNRECOGNISED))
                .as("it waits for a newer worker")
                .isZero();
        dispatch("format", steps("f", 2, ""));
        execute(heading, 2, Map.of());
        assertThat(ended("format").path("counts").path("SUCCEEDED").asInt()).isEqualTo(2);
        shell.run("aws sqs purge-queue --queue-url \"$DLQ\"");
    }

    @Test
    @Order(8)
    void game_days_show_what_the_page_says() throws Exception {
        String heading = "Game days";
        stack.rest();
        dispatch("game", steps("g", 20, ""));
        long resent = stack.counted(Metric.STEPS_RESENT);
        execute(heading, 0, Map.of());
        stack.enable(true);
        assertThat(ended("game").path("counts").path("SUCCEEDED").asInt()).isEqualTo(20);
        assertThat(stack.counted(Metric.STEPS_RESENT)).isGreaterThanOrEqualTo(resent + 20);

        int started = RunbookHandler.STARTED.size();
        execute(heading, 1, Map.of());
        List<String> letters = Eventually.await(this::deadLetters, read -> !read.isEmpty());
        assertThat(letters).singleElement().asString().contains("UNRECOGNISED_MESSAGE", "hello");
        assertThat(RunbookHandler.STARTED).hasSize(started);

        execute(heading, 2, Map.of());
        dispatch("unswept", steps("u", 3, ""));
        api.awaitAll("unswept", "SUCCEEDED");
        assertThat(run("unswept").path("openDispatchCount").asInt())
                .as("no sweep closes it")
                .isEqualTo(1);
        shell.run("aws lambda delete-function-concurrency --function-name \"$SWEEPER\"");
        ended("unswept");
    }

    // ---------------------------------------------------------------- restore

    @Test
    @Order(9)
    void after_a_restore_each_step_ends_and_what_is_said_to_run_again_runs_again() throws Exception {
        String heading = "Restore the table";
        RunbookHandler.gate = new CountDownLatch(1);
        dispatch("before", steps("a", 3, ""));
        ended("before");
        dispatch(
                "across",
                Stream.concat(steps("q", 8, "").stream(), steps("w", 30, "wait").stream())
                        .toList());
        dispatch("doomed", List.of(step("fails", "fail", 2)));
        dispatch("cancelled", steps("c", 4, "wait"));
        startsAre("across", 8 + 2);
        Eventually.await(() -> succeeded("across"), ended -> ended.size() == 8);
        Set<String> endedBefore = succeeded("across");
        Instant at = Instant.now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(1);
        copies.copy(stack.variable("STEPSTILE_TABLE"), at);
        endedBefore.retainAll(succeeded("across"));
        Set<String> startedBefore = new HashSet<>(RunbookHandler.STARTED);

        // what will be forgotten
        api.post("/v1/runs/cancelled/cancel", "");
        dispatch("after", steps("n", 3, ""));
        RunbookHandler.gate.countDown();
        api.awaitAll("across", "SUCCEEDED");
        api.awaitAll("after", "SUCCEEDED");
        ended("doomed");
        List<String> firstLife = List.copyOf(RunbookHandler.STARTED);

        Map<String, String> variables =
                Map.of("DRAIN_SECONDS", "3", "AT", at.toString(), "SUFFIX", "-r1", "CANCELLED", "cancelled");
        for (int block = 0; block < 4; block++) {
            execute(heading, block, variables);
        }
        String restored = stack.variable("STEPSTILE_TABLE") + "-r1";
        isKeptAsTheOldOne(restored);
        stack.deploy(restored); // the next block
        execute(heading, 5, variables);

        assertThat(api.get("/v1/runs/after").statusCode()).as("it is forgotten").isEqualTo(404);
        dispatch("after", steps("n", 3, ""));
        for (String run : List.of("before", "across", "after", "doomed", "cancelled")) {
            ended(run);
        }
        List<String> secondLife =
                List.copyOf(RunbookHandler.STARTED).subList(firstLife.size(), RunbookHandler.STARTED.size());
        assertThat(succeeded("across")).hasSize(38);
        assertThat(succeeded("after")).hasSize(3);
        assertThat(run("cancelled").path("counts").path("CANCELLED").asInt()).isEqualTo(4);
        assertThat(run("doomed").path("counts").path("DEAD").asInt()).isEqualTo(1);
        assertThat(deadLetters()).anyMatch(letter -> letter.contains("\"fails\""));

        Set<String> again = secondLife.stream()
                .map(start -> start.substring(0, start.indexOf(' ')))
                .collect(Collectors.toSet());
        assertThat(again).as("not run again").noneMatch(step -> step.startsWith("before/"));
        endedBefore.forEach(key -> assertThat(again).as("not run again").doesNotContain("across/" + key));
        assertThat(endedBefore).isNotEmpty();
        assertThat(again).contains("across/w29", "after/n0", "doomed/fails");
        assertThat(secondLife.stream().filter(firstLife::contains))
                .as("attempt numbers that are handed out twice")
                .isNotEmpty();
        assertThat(secondLife.stream()
                        .filter(start -> start.startsWith("across/"))
                        .filter(startedBefore::contains))
                .as("never one that the restored table knows")
                .isEmpty();
    }

    /** Of the step that it had claimed after the time of the restore; the new worker has the same attempt number. */
    @Test
    @Order(10)
    void a_forgotten_worker_records_nothing_in_a_table_that_is_restored_under_its_name() throws Exception {
        RunbookHandler.gate = new CountDownLatch(1);
        stack.rest();
        dispatch("forgotten", List.of(step("k", "deaf at first", 3)));
        copies.copy(stack.table(), Instant.now());
        stack.enable(true);
        startsAre("forgotten", 1);
        api.await("forgotten", "k", "RUNNING");
        long abandoned = stack.counted(Metric.HANDLERS_ABANDONED);

        copies.restoreInPlace(stack.table(), Instant.now());
        JsonNode ended = api.await("forgotten", "k", "SUCCEEDED");
        RunbookHandler.gate.countDown();

        assertThat(RunbookHandler.STARTED.stream().filter("forgotten/k 1"::equals))
                .as("two workers had the same attempt number")
                .hasSize(2);
        Eventually.await(() -> stack.counted(Metric.HANDLERS_ABANDONED) > abandoned);
        assertThat(api.step("forgotten", "k")).isEqualTo(ended);
        assertThat(ended.path("result").asText()).isEqualTo("done by attempt 1");
    }

    private Set<String> succeeded(String run) throws IOException, InterruptedException {
        Set<String> keys = new HashSet<>();
        for (JsonNode step : api.steps(run)) {
            if (step.path("state").asText().equals("SUCCEEDED")) {
                keys.add(step.path("key").asText());
            }
        }
        return keys;
    }

    private void isKeptAsTheOldOne(String restored) {
        assertThat(copies.isKept(restored)).isTrue();
        assertThat(stack.dynamoDb()
                        .describeTimeToLive(describe -> describe.tableName(restored))
                        .timeToLiveDescription()
                        .attributeName())
                .isEqualTo("ttl");
    }

    @Test
    @Order(11)
    void the_data_of_a_stack_is_deleted() throws Exception {
        execute("Delete a stack", 1, Map.of());

        assertThat(stack.dynamoDb().listTables().tableNames()).doesNotContain(stack.variable("STEPSTILE_TABLE"));
    }

    // ---------------------------------------------------------------- what is not executed

    @Test
    @Order(12)
    void the_AWS_CLI_knows_the_options_of_what_is_not_executed() throws Exception {
        Map<String, String> variables = Map.of("KEY_ARN", "key", "CALLER", "caller", "OLD_KEY", "AKIAIOSFODNN7EXAMPLE");
        Pattern sample = Pattern.compile("(?m)^aws (?!s3 ).*$");
        int checked = 0;
        for (RunbookPage.Block block : page.notExecutable()) {
            for (String command : sample.matcher(block.commands().replace("\\\n", " "))
                    .results()
                    .map(found -> found.group())
                    .toList()) {
                shell.run(command + " --generate-cli-skeleton input", variables);
                checked++;
            }
        }
        assertThat(checked).isGreaterThan(8);
        Shell.Ended wrong = shell.attempt(
                "aws kms get-key-rotation-status --key-id k --kye x --generate-cli-skeleton input", Map.of());
        assertThat(wrong.status()).as("a wrong option is found").isNotZero();
    }

    @Test
    @Order(13)
    void no_block_of_the_page_is_left_out() throws Exception {
        assertThat(page.used()).containsExactlyInAnyOrderElementsOf(page.executable());
        assertThat(Files.readString(CHECKOUT.resolve("template.yaml")))
                .contains("\n  ApiUrl:\n", "\n  QueueUrl:\n", "\n  DeadLetterQueueUrl:\n", "\n  TableName:\n");
    }
}
