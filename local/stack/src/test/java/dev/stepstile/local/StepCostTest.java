package dev.stepstile.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a short step uses of AWS: the figures of the table in {@code docs/cost.md}. */
@Tag("integration")
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class StepCostTest {
    private static final int STEPS = 1000;
    private static final int STEPS_READ = 100;
    /** So long that no heartbeat and no sweep happens during the test, however slow the machine is. */
    private static final StackOptions.Times LONG = new StackOptions.Times(
            Timing.of(Duration.ofHours(1), Duration.ofSeconds(5), Duration.ofHours(1), Duration.ofMinutes(1)),
            Duration.ofMinutes(90),
            Duration.ofMinutes(15));

    @TempDir
    Path folder;

    @Test
    void is_what_the_table_of_costs_states() throws Exception {
        StackOptions options =
                StackOptions.of(StackOptions.Kind.AWS, folder).withWorkers(4).withTimes(LONG);
        try (LocalStack stack = LocalStack.start(options)) {
            AwsUsage usage = stack.usage().orElseThrow();
            AwsUsage.Usage before = usage.soFar();
            StackCaller api = new StackCaller(stack.endpoint());
            api.dispatch(
                    "run",
                    IntStream.range(0, STEPS).mapToObj(StepCostTest::step).toList());
            Eventually.await(() -> stack.tally().of(Metric.STEPS_SUCCEEDED) == STEPS);
            stack.drain(Duration.ofMinutes(1), running -> {}); // messages are deleted after their steps have ended
            AwsUsage.Usage ran = usage.soFar().since(before);

            double feed = readUnits(usage, () -> assertThat(readFeed(api)).isEqualTo(STEPS));
            double sweep = readUnits(usage, () -> stack.ports().store().records(refs(STEPS_READ)));

            assertThat(ran.allWriteUnits() / STEPS)
                    .as("write units: %s", ran)
                    .isEqualTo(documented("\\| (\\S+) units"), offset(0.05));
            assertThat(ran.requestsOf("Sqs") / (double) STEPS)
                    .as("requests of SQS: %s", ran)
                    .isEqualTo(documented("\\| (\\S+) requests"), offset(0.04));
            assertThat(sweep / STEPS_READ + (ran.readUnits() + feed) / STEPS)
                    .as("read units, with one sweep: %s", ran)
                    .isEqualTo(documented("about (\\d+) \\|"), offset(0.05));
        }
    }

    /** The first figure of the page that matches. */
    private static double documented(String pattern) throws IOException {
        Matcher figure = Pattern.compile(pattern).matcher(Files.readString(Path.of("../../docs/cost.md")));
        assertThat(figure.find()).as(pattern).isTrue();
        return Double.parseDouble(figure.group(1));
    }

    private interface Reading {
        void run() throws Exception;
    }

    private static double readUnits(AwsUsage usage, Reading reading) throws Exception {
        AwsUsage.Usage before = usage.soFar();
        reading.run();
        return usage.soFar().since(before).readUnits();
    }

    private static ObjectNode step(int index) {
        return Json.object().put("key", "step-" + index).put("handler", "stepstile.echo");
    }

    private static List<StepRef> refs(int steps) {
        return IntStream.range(0, steps)
                .mapToObj(index -> "step-" + index)
                .map(key -> new StepRef(new StepId("run", key), Shards.of(key, Shards.DEFAULT)))
                .toList();
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
