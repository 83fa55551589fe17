package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Shards;
import dev.stepstile.usecase.Dispatcher.NewStep;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A feed's cursor goes into a request line: API Gateway takes 10,240 bytes of it and the headers. */
class FeedCursorTest {
    private static final int MOST_SHARDS = 64;
    private static final int MOST_CHARACTERS = 7_000;

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

    /** Keys of so many bytes, until each shard has one; a quote is two bytes in JSON. */
    private static List<String> keys(int bytes) {
        List<String> keys = new ArrayList<>();
        Set<Integer> shards = new HashSet<>();
        while (shards.size() < MOST_SHARDS) {
            String number = Integer.toString(keys.size());
            String key = "\"".repeat(bytes - number.length()) + number;
            keys.add(key);
            shards.add(Shards.of(key, MOST_SHARDS));
        }
        return keys;
    }

    /** 24 and 25 bytes: the longest key that a position has as it is, and the shortest that it has not. */
    @ParameterizedTest
    @ValueSource(ints = {24, 25, 512})
    void is_short_and_misses_nothing_whatever_the_keys(int bytes) throws InterruptedException {
        List<String> keys = keys(bytes);
        stack.stepstile
                .dispatcher(MOST_SHARDS)
                .dispatch(Stack.request("d1", keys.stream().map(Stack::step).toArray(NewStep[]::new)));
        for (List<Delivery> batch = stack.receive(10); !batch.isEmpty(); batch = stack.receive(10)) {
            stack.deliver(batch);
        }
        List<String> seen = new ArrayList<>();
        String cursor = "";
        JsonNode page;
        do {
            page = api.get("/v1/runs/r1/feed?limit=7&cursor=" + cursor);
            page.path("entries").forEach(entry -> seen.add(entry.path("key").asText()));
            cursor = page.path("cursor").asText();
            assertThat(cursor).hasSizeLessThanOrEqualTo(MOST_CHARACTERS);
        } while (!page.path("caughtUp").asBoolean());
        assertThat(seen).containsExactlyInAnyOrderElementsOf(keys);
    }
}
