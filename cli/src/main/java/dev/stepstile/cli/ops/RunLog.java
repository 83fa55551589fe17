package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.client.FeedReader;
import dev.stepstile.client.JsonValue;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The logs of all steps of a run, page by page in the order in which the pages were written. The feed tells of each page, so
 * a step that prints nothing costs no call.
 */
final class RunLog {
    private static final int CALLS_AT_ONCE = 8;

    private final Calls calls;
    private final String path;
    private final FeedReader feed;
    private final LogPrinter printer;
    private final Map<Attempt, Integer> printed = new HashMap<>();
    private long pages;

    private record Attempt(String key, int number) {}

    /** Pages of an attempt up to this number, of which the last was written then. */
    private record Wanted(Attempt attempt, int pages, Instant at) {}

    /** @param path of the run's calls */
    RunLog(Calls calls, String run, String path, LogPrinter printer) {
        this.calls = calls;
        this.path = path;
        this.feed = calls.client().feed(run);
        this.printer = printer;
    }

    FeedReader feed() {
        return feed;
    }

    /** How many pages were printed. */
    long pages() {
        return pages;
    }

    /** Prints what is new, up to the end of the feed; false if nothing was. */
    boolean printNew() {
        List<Wanted> wanted = new ArrayList<>();
        boolean some = false;
        do {
            List<JsonValue> entries = feed.poll();
            some |= !entries.isEmpty();
            entries.forEach(entry -> note(entry.tree(), wanted));
        } while (!feed.caughtUp() && printer.isRead());
        wanted.sort(Comparator.comparing(Wanted::at));
        for (int from = 0; from < wanted.size() && printer.isRead(); from += CALLS_AT_ONCE) {
            print(wanted.subList(from, Math.min(wanted.size(), from + CALLS_AT_ONCE)));
        }
        return some;
    }

    /** An end says how many pages there are: one that the feed has not shown is not missed. */
    private static void note(JsonNode entry, List<Wanted> wanted) {
        int upTo = entry.has("page")
                ? entry.path("page").asInt() + 1
                : entry.path("logPageCount").asInt();
        if (upTo > 0) {
            Attempt attempt = new Attempt(
                    entry.path("key").asText(), entry.path("attempt").asInt());
            wanted.add(new Wanted(attempt, upTo, Instant.parse(entry.path("at").asText())));
        }
    }

    private void print(List<Wanted> some) {
        Map<Attempt, Future<JsonNode>> answers = new LinkedHashMap<>();
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofVirtual().factory())) {
            for (Wanted wanted : some) {
                if (printed.getOrDefault(wanted.attempt(), 0) < wanted.pages()) {
                    answers.computeIfAbsent(wanted.attempt(), attempt -> threads.submit(() -> read(attempt)));
                }
            }
        } // waits for them
        for (Wanted wanted : some) {
            Future<JsonNode> answer = answers.get(wanted.attempt());
            if (answer != null) {
                print(wanted, answered(answer));
            }
        }
    }

    private void print(Wanted wanted, JsonNode answer) {
        for (JsonNode page : answer.path("logPages")) {
            int number = page.path("page").asInt();
            if (number >= printed.getOrDefault(wanted.attempt(), 0) && number < wanted.pages()) {
                printer.print(wanted.attempt().key(), page);
                printed.put(wanted.attempt(), number + 1);
                pages++;
            }
        }
    }

    private JsonNode read(Attempt attempt) {
        return calls.get(
                path + "/step",
                Map.of("key", attempt.key(), "log", "true", "attempt", String.valueOf(attempt.number())));
    }

    private static JsonNode answered(Future<JsonNode> answer) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("what has ended is not waited for", e);
        }
    }
}
