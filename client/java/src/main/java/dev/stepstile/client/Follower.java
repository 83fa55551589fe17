package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads a run's feed as it wants to be read. An entry may come twice, and may come late: a write is stamped, then waits.
 * So entries are known by step key and attempt, and the reader goes back: a little every {@link #STEP_BACK_EVERY} while
 * something comes; where nothing comes, twice as far each time, up to {@link #OVERLAP}; that far every
 * {@link #REREAD_EVERY} in any case. What it still misses it looks up each {@link #LOOKUP_EVERY}; a step whose record is
 * damaged (UNKNOWN) in two lookups counts as ended so.
 */
public final class Follower {
    private static final Duration OVERLAP = Duration.ofSeconds(15);
    private static final Duration STEP_BACK = Duration.ofMillis(500);
    private static final Duration STEP_BACK_EVERY = Duration.ofMillis(250);
    private static final Duration FIRST_OVERLAP = Duration.ofMillis(200);
    private static final Duration REREAD_EVERY = Duration.ofSeconds(5);
    private static final Duration LOOKUP_EVERY = Duration.ofSeconds(30);
    private static final Duration PAST_EVERY = Duration.ofMillis(100);
    private static final Set<String> ENDED = Set.of("SUCCEEDED", "FAILED", "DEAD", "CANCELLED");

    private final StepstileClient client;
    private final String runId;
    private final InstantSource clock;
    private final TreeSet<String> missing;
    private final Set<String> seen = new HashSet<>();
    private Set<String> damaged = Set.of();
    private final Deque<Past> pasts = new ArrayDeque<>();
    private @Nullable String cursor;
    private Duration overlap = FIRST_OVERLAP;
    private Instant freshAt;
    private Instant stepBackAt;
    private Instant idleRereadAt;
    private Instant rereadAt;
    private Instant lookupAt;

    private record Past(Instant at, @Nullable String cursor) {}

    /** @param expected the keys of the steps to wait for */
    public Follower(StepstileClient client, String runId, List<String> expected, InstantSource clock) {
        this.client = client;
        this.runId = runId;
        this.clock = clock;
        this.missing = new TreeSet<>(expected);
        Instant now = clock.instant();
        this.freshAt = now;
        this.stepBackAt = now;
        this.idleRereadAt = now.plus(FIRST_OVERLAP);
        this.rereadAt = now.plus(REREAD_EVERY);
        this.lookupAt = now.plus(LOOKUP_EVERY);
        pasts.add(new Past(now, null));
    }

    /** True once every expected step has ended. */
    public boolean complete() {
        return missing.isEmpty();
    }

    /** The steps that ended since the last call: entries of the feed or of a lookup, each step and attempt once. */
    public List<JsonNode> poll() throws InterruptedException {
        List<JsonNode> fresh = new ArrayList<>();
        goOn(fresh);
        Instant now = clock.instant();
        if (!fresh.isEmpty()) {
            freshAt = now;
            overlap = FIRST_OVERLAP;
            idleRereadAt = now.plus(overlap);
        } else if (!now.isBefore(idleRereadAt)) {
            goBack(overlap, fresh);
            idleRereadAt = now.plus(overlap);
            Duration doubled = overlap.multipliedBy(2);
            overlap = doubled.compareTo(OVERLAP) < 0 ? doubled : OVERLAP;
        }
        if (!fresh.isEmpty() && !now.isBefore(stepBackAt)) {
            goBack(STEP_BACK, fresh);
            stepBackAt = clock.instant().plus(STEP_BACK_EVERY);
        }
        if (!now.isBefore(rereadAt)) {
            goBack(OVERLAP, fresh);
            rereadAt = now.plus(REREAD_EVERY);
        }
        if (!now.isBefore(lookupAt) && !missing.isEmpty()) {
            lookupAt = now.plus(LOOKUP_EVERY);
            lookup(fresh);
        }
        return fresh;
    }

    /** Reads from where it was up to the end, or for as long as it may before it steps back. */
    private void goOn(List<JsonNode> fresh) throws InterruptedException {
        Instant until = clock.instant().plus(STEP_BACK_EVERY);
        boolean more = true;
        while (more) {
            JsonNode page = page(cursor, fresh);
            cursor = page.path("cursor").textValue();
            Instant now = clock.instant();
            more = !page.path("caughtUp").asBoolean(true) && now.isBefore(until);
            remember(now);
        }
    }

    /** Reads again what lies between where it was that long before something last came, and where it is. */
    private void goBack(Duration by, List<JsonNode> fresh) throws InterruptedException {
        String at = cursorAt(freshAt.minus(by));
        boolean more = true;
        while (more) {
            JsonNode page = page(at, fresh);
            at = page.path("cursor").textValue();
            more = !page.path("caughtUp").asBoolean(true);
        }
    }

    private JsonNode page(@Nullable String from, List<JsonNode> fresh) throws InterruptedException {
        JsonNode page = client.feed(runId, from);
        page.path("entries").forEach(entry -> take(entry, fresh));
        return page;
    }

    private void remember(Instant now) {
        if (!pasts.getLast().at().plus(PAST_EVERY).isAfter(now)) {
            pasts.addLast(new Past(now, cursor));
        }
        while (pasts.size() > 1 && cursorIsOlder(freshAt)) {
            pasts.removeFirst();
        }
    }

    /** Whether the second oldest is old enough too, so that the oldest is not needed. */
    private boolean cursorIsOlder(Instant fresh) {
        var oldest = pasts.iterator();
        oldest.next();
        return !oldest.next().at().isAfter(fresh.minus(OVERLAP));
    }

    /** Where the feed was read up to at {@code instant}, or a little before it. */
    private @Nullable String cursorAt(Instant instant) {
        String at = pasts.getFirst().cursor();
        for (Past past : pasts) {
            if (past.at().isAfter(instant)) {
                break;
            }
            at = past.cursor();
        }
        return at;
    }

    private void lookup(List<JsonNode> fresh) throws InterruptedException {
        List<String> keys = new ArrayList<>(missing);
        Set<String> damagedNow = new HashSet<>();
        for (int from = 0; from < keys.size(); from += 100) {
            client.lookup(runId, keys.subList(from, Math.min(keys.size(), from + 100)))
                    .path("entries")
                    .forEach(entry -> {
                        String key = entry.path("stepKey").asText();
                        if (!entry.path("state").asText().equals("UNKNOWN")) {
                            take(entry, fresh);
                        } else if (damaged.contains(key)) {
                            missing.remove(key);
                            fresh.add(entry);
                        } else {
                            damagedNow.add(key);
                        }
                    });
        }
        damaged = damagedNow;
    }

    private void take(JsonNode entry, List<JsonNode> fresh) {
        String key = entry.path("stepKey").asText();
        if (ENDED.contains(entry.path("state").asText())
                && seen.add(key + "#" + entry.path("attempt").asInt())) {
            missing.remove(key);
            fresh.add(entry);
        }
    }
}
