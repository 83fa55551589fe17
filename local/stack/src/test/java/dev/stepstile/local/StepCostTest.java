package dev.stepstile.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a short step uses of AWS: the figures of the table in {@code docs/cost.md}. */
@Tag("integration")
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class StepCostTest {
    private static final int STEPS = 400;

    /** So long that no sweep and no look happens during the test, however slow the machine is. */
    private static final StackOptions.Times LONG = new StackOptions.Times(
            Timing.of(Duration.ofHours(1), Duration.ofSeconds(5), Duration.ofHours(1), Duration.ofMinutes(1)),
            Duration.ofMinutes(90),
            Duration.ofMinutes(15));

    @TempDir
    Path folder;

    @ParameterizedTest(name = "{0} s")
    @ValueSource(ints = {0, 1})
    void is_what_the_table_of_costs_states(int seconds) throws Exception {
        String column = seconds == 0 ? "no-op" : seconds + " s";
        StackOptions options = StackOptions.of(StackOptions.Kind.AWS, folder)
                .withoutEarlierState() // the emulators keep all in memory
                .withWorkers(4)
                .withTimes(LONG);
        try (LocalStack stack = LocalStack.start(options)) {
            AwsUsage usage = stack.usage().orElseThrow();
            StackCaller api = new StackCaller(stack.endpoint());
            run(
                    stack,
                    api,
                    "warm-up",
                    STEPS / 10,
                    0); // a send that takes too long is repeated, and the messages with it
            AwsUsage.Usage before = usage.soFar();
            run(stack, api, "run", STEPS, seconds);
            stack.drain(Duration.ofMinutes(1), running -> {}); // messages are deleted after their steps have ended
            double feed = readUnits(usage, () -> assertThat(readFeed(api)).isEqualTo(STEPS));
            AwsUsage.Usage ran = usage.soFar().since(before);

            assertThat(writesWithoutFaults(ran) / STEPS)
                    .as("write units: %s", ran)
                    .isEqualTo(
                            documented("write units", column) - documented("writes: heartbeats", column), offset(0.05));
            assertThat(requestsBut("ReceiveMessage", ran) / STEPS)
                    .as("requests of SQS but receives: %s", ran)
                    .isEqualTo(documented("SQS requests", column) - 0.1, offset(0.04));
            assertThat(ran.readUnits() / STEPS)
                    .as("read units, of the feed %f: %s", feed, ran)
                    .isEqualTo(documented("read units", column) - documented("reads: sweeps", column), offset(0.1));
        }
    }

    private static void run(LocalStack stack, StackCaller api, String runId, int steps, int seconds) throws Exception {
        long done = stack.tally().of(Metric.STEPS_SUCCEEDED) + steps;
        api.dispatch(
                runId,
                IntStream.range(0, steps)
                        .mapToObj(index -> step(index, seconds))
                        .toList());
        Eventually.await(() -> stack.tally().of(Metric.STEPS_SUCCEEDED) == done);
        Eventually.await(() -> !stack.ports().queue().anyVisible());
    }

    /**
     * Without heartbeats, of which a slow machine needs more; and without refused claims: an emulator's answer to a send may
     * come too late, and then its messages are sent twice.
     */
    private static double writesWithoutFaults(AwsUsage.Usage used) {
        long heartbeats = used.requests().getOrDefault("DynamoDb.UpdateItem", 0L);
        return used.allWriteUnits() - heartbeats - used.refusedWrites();
    }

    /** Receives that find nothing are made whether or not steps run. */
    private static double requestsBut(String operation, AwsUsage.Usage used) {
        return used.requestsOf("Sqs") - used.requests().getOrDefault("Sqs." + operation, 0L);
    }

    /** A figure of the page. */
    private static double documented(String row, String column) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("../../docs/cost.md"));
        List<String> head = cells(lines, "for each step");
        List<String> cells = cells(lines, row);
        return Double.parseDouble(cells.get(head.indexOf(column)));
    }

    private static List<String> cells(List<String> lines, String row) {
        return lines.stream()
                .map(line -> Stream.of(line.replace("*", "").split("\\|", -1))
                        .map(String::strip)
                        .toList())
                .filter(cells -> cells.size() > 2 && cells.get(1).equals(row))
                .findFirst()
                .orElseThrow();
    }

    private interface Reading {
        void run() throws Exception;
    }

    private static double readUnits(AwsUsage usage, Reading reading) throws Exception {
        AwsUsage.Usage before = usage.soFar();
        reading.run();
        return usage.soFar().since(before).readUnits();
    }

    private static ObjectNode step(int index, int seconds) {
        ObjectNode step = Json.object().put("key", "step-" + index).put("handler", "stepstile.sleep");
        step.putObject("input").put("seconds", seconds);
        return step;
    }

    /** @return how many ends of steps the feed has */
    private static int readFeed(StackCaller api) throws Exception {
        int ends = 0;
        String cursor = "";
        boolean caughtUp = false;
        while (!caughtUp) {
            String query = "?limit=1000&cursor=" + URLEncoder.encode(cursor, StandardCharsets.UTF_8);
            JsonNode page = Json.parse(api.get("/v1/runs/run/feed" + query).body());
            ends += page.path("entries").findValues("state").size();
            cursor = page.path("cursor").asText();
            caughtUp = page.path("caughtUp").asBoolean();
        }
        return ends;
    }
}
