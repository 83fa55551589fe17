package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the feed of a run shows, each entry once, as the wire contract has it: for people who watch a run, and for programs
 * that do not know its steps. A {@link Follower} is for those that wait for steps: the feed may lack an entry, and only a
 * follower looks up what it did not show. Not safe to use from several threads at once.
 */
public final class FeedReader {
    private static final int PAGE = 1000;

    private final StepstileClient client;
    private final String runId;
    private final FeedPosition position;
    private final Set<String> seen = new HashSet<>();
    private final List<JsonValue> fresh = new ArrayList<>();
    private boolean caughtUp;
    private Duration pause = FeedTimes.SHORTEST_PAUSE;

    FeedReader(StepstileClient client, String runId, Pacing pacing) {
        this.client = client;
        this.runId = runId;
        this.position = new FeedPosition(this::page, pacing);
    }

    /**
     * What is new, without waiting for it; at most about two thousand entries.
     *
     * @throws RefusedException of type {@code run-not-found} if nothing was dispatched to the run
     */
    public List<JsonValue> poll() {
        position.read(fresh::size, PAGE);
        List<JsonValue> entries = List.copyOf(fresh);
        fresh.clear();
        pause = entries.isEmpty() ? FeedTimes.longer(pause) : FeedTimes.SHORTEST_PAUSE;
        return entries;
    }

    /** Whether the last poll came to the end of what there was. */
    public boolean caughtUp() {
        return caughtUp;
    }

    /** How long to wait before the next poll: short while something comes, longer and longer where nothing does. */
    public Duration pause() {
        return pause;
    }

    private FeedPage page(@Nullable String cursor) {
        Map<String, String> query = cursor == null
                ? Map.of("limit", String.valueOf(PAGE))
                : Map.of("limit", String.valueOf(PAGE), "cursor", cursor);
        JsonNode answer = client.get("/v1/runs/" + runId + "/feed", query).tree();
        for (JsonNode entry : answer.path("entries")) {
            String name = entry.path("key").asText() + "#"
                    + entry.path("attempt").asInt() + "#" + entry.path("page").asText();
            if (seen.add(name)) {
                fresh.add(JsonValue.of(entry));
            }
        }
        caughtUp = answer.path("caughtUp").asBoolean();
        return new FeedPage(List.of(), answer.path("cursor").textValue(), caughtUp);
    }
}
