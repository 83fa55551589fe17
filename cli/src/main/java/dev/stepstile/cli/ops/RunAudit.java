package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.client.RefusedException;
import dev.stepstile.client.UnreachableException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.BiConsumer;

/** Audits runs by the API, no faster than it may: first looks as they come, second looks once their time has come. */
final class RunAudit {
    /** After an answer that it is too early, as the clocks differ. */
    private static final Duration TOO_EARLY = Duration.ofSeconds(2);

    private final Calls calls;
    private final int readsPerSecond;
    private final Waiting waiting;
    private final BiConsumer<String, JsonNode> found;
    private final BiConsumer<String, UnreachableException> unread;
    private final Deque<SecondLook> again = new ArrayDeque<>();
    private Totals totals = new Totals(0, 0, 0, 0);

    /** How time passes. */
    interface Waiting {
        Waiting REAL = new Waiting() {
            @Override
            public Instant now() {
                return Instant.now();
            }

            @Override
            public void pause(Duration length) {
                try {
                    Thread.sleep(length);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException("The audit was interrupted.", e);
                }
            }
        };

        Instant now();

        void pause(Duration length);
    }

    private record SecondLook(String run, String path, String cursor, Instant notBefore) {}

    /** @param unread payloads, and ends in the feed, that were not looked at, as two reads a step were spent */
    record Totals(long runs, long steps, long reads, long unread) {}

    /**
     * An audit that has looked at nothing yet.
     *
     * @param found takes each violation, and whose it is
     * @param unread takes a run that is not audited further, as calls for it get no answer; ends the audit if it throws
     */
    RunAudit(
            Calls calls,
            int readsPerSecond,
            Waiting waiting,
            BiConsumer<String, JsonNode> found,
            BiConsumer<String, UnreachableException> unread) {
        this.calls = calls;
        this.readsPerSecond = readsPerSecond;
        this.waiting = waiting;
        this.found = found;
        this.unread = unread;
    }

    Totals totals() {
        return totals;
    }

    /** How many answers have something to be looked at again. */
    int suspects() {
        return again.size();
    }

    long secondsToWait() {
        SecondLook last = again.peekLast();
        return last == null
                ? 0
                : Math.max(0, Duration.between(waiting.now(), last.notBefore()).toSeconds());
    }

    /** The first look at a run. */
    void begin(String run, String path) {
        String cursor = "";
        do {
            JsonNode page;
            try {
                page = ask(run, path, cursor);
            } catch (UnreachableException e) {
                unread.accept(run, e);
                return;
            }
            if (cursor.isEmpty()) {
                totals = new Totals(totals.runs + 1, totals.steps, totals.reads, totals.unread);
            }
            cursor = page.path("cursor").asText();
            SecondLook due = again.peekFirst();
            if (due != null && !waiting.now().isBefore(due.notBefore())) {
                lookAgain(again.removeFirst());
            }
        } while (!cursor.isEmpty());
    }

    /** The second looks that are left. */
    void finish() {
        while (!again.isEmpty()) {
            lookAgain(again.removeFirst());
        }
    }

    private void lookAgain(SecondLook look) {
        Duration wait = Duration.between(waiting.now(), look.notBefore());
        if (wait.isPositive()) {
            waiting.pause(wait);
        }
        try {
            int before = again.size();
            ask(look.run, look.path, look.cursor);
            if (again.size() > before) {
                waiting.pause(TOO_EARLY);
            }
        } catch (RefusedException e) { // deleted by age since, and what was suspected with it
            if (!e.type().equals("run-not-found")) {
                throw e;
            }
        } catch (UnreachableException e) {
            unread.accept(look.run, e);
        }
    }

    private JsonNode ask(String run, String path, String cursor) {
        Instant began = waiting.now();
        JsonNode page = calls.get(path + "/audit", cursor.isEmpty() ? Map.of() : Map.of("cursor", cursor));
        page.path("violations").forEach(violation -> found.accept(run, violation));
        long reads = page.path("readCount").asLong();
        totals = new Totals(
                totals.runs,
                totals.steps + page.path("checkedCount").asLong(),
                totals.reads + reads,
                totals.unread + page.path("unreadCount").asLong());
        if (page.has("secondLook")) {
            JsonNode second = page.path("secondLook");
            again.addLast(new SecondLook(
                    run,
                    path,
                    second.path("cursor").asText(),
                    Instant.parse(second.path("notBefore").asText())));
        }
        Duration rest = Duration.ofMillis(reads * 1_000 / readsPerSecond).minus(Duration.between(began, waiting.now()));
        if (rest.isPositive()) {
            waiting.pause(rest);
        }
        return page;
    }
}
