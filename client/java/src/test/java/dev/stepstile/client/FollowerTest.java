package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.wire.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against an API whose feed shows entries late, twice, or never. */
class FollowerTest {
    private HttpServer server;
    /** What the feed shows, by position. */
    private final ConcurrentSkipListMap<String, String> feed = new ConcurrentSkipListMap<>();

    private final TreeMap<String, String> records = new TreeMap<>();
    private Instant now = Instant.parse("2026-11-24T08:00:00Z");

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        ObjectNode body = Json.object();
        ArrayNode entries = body.putArray("entries");
        if (exchange.getRequestURI().getPath().endsWith("/lookup")) {
            Json.parse(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
                    .path("keys")
                    .forEach(key -> {
                        String state = records.get(key.asText());
                        if (state != null) {
                            entries.addObject()
                                    .put("stepKey", key.asText())
                                    .put("state", state)
                                    .put("attempt", 1);
                        }
                    });
        } else {
            String query = exchange.getRequestURI().getQuery();
            String cursor = query.contains("cursor=") ? query.substring(query.indexOf("cursor=") + 7) : "";
            String[] last = {cursor};
            feed.tailMap(cursor, false).forEach((position, key) -> {
                entries.addObject()
                        .put("stepKey", key)
                        .put("state", "SUCCEEDED")
                        .put("attempt", 1);
                last[0] = position;
            });
            body.put("cursor", last[0]).put("caughtUp", true);
        }
        byte[] bytes = Json.print(body).getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private Follower reader(String... keys) {
        StepstileClient client = new StepstileClient(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort()));
        return new Follower(client, "r", List.of(keys), () -> now);
    }

    private static List<String> keys(List<JsonNode> entries) {
        return entries.stream().map(entry -> entry.path("stepKey").asText()).toList();
    }

    @Test
    void tells_each_step_once_and_is_complete_when_all_have_ended() throws Exception {
        Follower reader = reader("a", "b");
        feed.put("1", "a");
        assertThat(keys(reader.poll())).containsExactly("a");
        assertThat(reader.complete()).isFalse();
        feed.put("2", "a");
        feed.put("3", "b");
        assertThat(keys(reader.poll())).containsExactly("b");
        assertThat(reader.complete()).isTrue();
    }

    @Test
    void finds_what_appears_behind_where_it_was_by_going_back_when_nothing_comes() throws Exception {
        Follower reader = reader("a", "b");
        feed.put("2", "b");
        assertThat(keys(reader.poll())).containsExactly("b");
        feed.put("1", "a");
        assertThat(reader.poll()).as("not at once").isEmpty();
        now = now.plusMillis(250);
        List<String> found = new ArrayList<>(keys(reader.poll()));
        assertThat(found).containsExactly("a");
        assertThat(reader.complete()).isTrue();
    }

    @Test
    void goes_back_from_where_something_last_came_not_from_now() throws Exception {
        Follower reader = reader("a", "z");
        for (int i = 0; i < 20; i++) {
            feed.put("" + (char) ('b' + i), "other-" + i);
            reader.poll();
            now = now.plusMillis(100);
        }
        feed.put("s0", "a");
        List<String> found = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            now = now.plusMillis(100);
            found.addAll(keys(reader.poll()));
        }
        assertThat(found).containsExactly("a");
    }

    @Test
    void goes_back_further_the_longer_nothing_comes_up_to_fifteen_seconds() throws Exception {
        Follower reader = reader("a", "z");
        for (int second = 0; second < 10; second++) {
            feed.put("" + (char) ('b' + second), "other-" + second);
            reader.poll();
            now = now.plusSeconds(1);
        }
        feed.put("a0", "a");
        List<String> found = new ArrayList<>();
        Instant limit = now.plusSeconds(20);
        while (found.isEmpty() && now.isBefore(limit)) {
            found.addAll(keys(reader.poll()));
            now = now.plusMillis(100);
        }
        assertThat(found).containsExactly("a");
    }

    @Test
    void finds_late_entries_every_five_seconds_although_others_keep_coming() throws Exception {
        Follower reader = reader("a", "z");
        List<String> found = new ArrayList<>();
        feed.put("2", "first");
        reader.poll();
        feed.put("1", "a");
        Instant limit = now.plus(Duration.ofSeconds(6));
        for (int i = 0; now.isBefore(limit); i++) {
            feed.put("3" + String.format("%04d", i), "other-" + i);
            found.addAll(keys(reader.poll()));
            now = now.plusMillis(100);
        }
        assertThat(found).contains("a");
    }

    @Test
    void looks_up_after_half_a_minute_what_the_feed_never_shows() throws Exception {
        Follower reader = reader("a", "b");
        records.put("a", "DEAD");
        records.put("b", "RUNNING");
        assertThat(reader.poll()).isEmpty();
        now = now.plusSeconds(31);
        assertThat(keys(reader.poll())).containsExactly("a");
        assertThat(reader.complete()).isFalse();
    }

    @Test
    void waits_no_longer_for_a_step_whose_record_is_damaged_in_two_lookups() throws Exception {
        FeedReader reader = reader("a", "b");
        records.put("a", "UNKNOWN");
        records.put("b", "UNKNOWN");
        now = now.plusSeconds(31);
        assertThat(reader.poll()).as("a newer version may have written it").isEmpty();
        records.put("b", "DEAD");
        now = now.plusSeconds(31);
        assertThat(reader.poll())
                .extracting(entry -> entry.path("stepKey").asText() + " "
                        + entry.path("state").asText())
                .containsExactlyInAnyOrder("a UNKNOWN", "b DEAD");
        assertThat(reader.complete()).isTrue();
    }
}
