package dev.stepstile.usecase;

import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Looks for the ends of steps in the feed: by one query for as many as are near each other in time, and by one for each at
 * worst.
 */
final class FeedLook {
    /** Entries of one query. They are small: a hundred of them are a few read units. */
    private static final int ENTRIES = 100;

    private final StepStore store;
    private final Tasks tasks;
    private final AtomicInteger queries;

    /** @param queries to be counted */
    FeedLook(StepStore store, Tasks tasks, AtomicInteger queries) {
        this.store = store;
        this.tasks = tasks;
        this.queries = queries;
    }

    /** Why the feed contradicts a record. */
    record Fault(Violation.Kind kind, String evidence) {}

    /** Those of the records, which have all ended, that the feed contradicts, by step key. */
    Map<String, Fault> faults(List<StepRecord> ended) throws InterruptedException {
        Map<Integer, List<StepRecord>> byShard = new TreeMap<>();
        ended.forEach(record -> byShard.computeIfAbsent(record.shard(), shard -> new ArrayList<>())
                .add(record));
        Map<String, Fault> faults = new TreeMap<>();
        if (!byShard.isEmpty()) {
            ParallelCalls.map(tasks, byShard.size(), "look into the feed", List.copyOf(byShard.values()), this::ofShard)
                    .forEach(faults::putAll);
        }
        return faults;
    }

    private Map<String, Fault> ofShard(List<StepRecord> ended) {
        List<StepRecord> wanted = new ArrayList<>(ended);
        wanted.sort(Comparator.comparing(FeedLook::endedAt));
        Map<String, List<FeedEntry.Ended>> entries = entries(wanted);
        Map<String, Fault> faults = new TreeMap<>();
        for (StepRecord record : wanted) {
            Fault fault = fault(record, entries.getOrDefault(record.id().stepKey(), List.of()));
            if (fault != null) {
                faults.put(record.id().stepKey(), fault);
            }
        }
        return faults;
    }

    private Map<String, List<FeedEntry.Ended>> entries(List<StepRecord> wanted) {
        Map<String, List<FeedEntry.Ended>> entries = new TreeMap<>();
        wanted.forEach(record -> entries.put(record.id().stepKey(), new ArrayList<>()));
        String after = null;
        int next = 0;
        while (next < wanted.size()) {
            StepRecord first = wanted.get(next);
            List<FeedEntry> page = store.feed(
                    first.id().runId(), first.shard(), after == null ? FeedEntry.from(endedAt(first)) : after, ENTRIES);
            queries.incrementAndGet();
            for (FeedEntry entry : page) {
                List<FeedEntry.Ended> known = entries.get(entry.stepKey());
                if (known != null && entry instanceof FeedEntry.Ended end) {
                    known.add(end);
                }
            }
            if (page.size() < ENTRIES) {
                return entries;
            }
            Instant until = page.getLast().at();
            while (next < wanted.size() && endedAt(wanted.get(next)).isBefore(until)) {
                next++;
            }
            boolean reached = next < wanted.size() && endedAt(wanted.get(next)).equals(until);
            after = reached ? page.getLast().position() : null;
        }
        return entries;
    }

    private static @Nullable Fault fault(StepRecord record, List<FeedEntry.Ended> entries) {
        Instant at = endedAt(record);
        StepState state = record.state();
        String end = state.name() + " at attempt " + record.attempt() + " with "
                + record.attempts().newest().pages() + " log pages, ended " + at;
        FeedEntry.@Nullable Ended other = null;
        for (FeedEntry.Ended entry : entries) {
            if (entry.at().equals(at) && entry.attempt() == record.attempt()) {
                boolean same = entry.state() == state.name()
                        && entry.pages() == record.attempts().newest().pages()
                        && isResultOf(entry, state);
                return same
                        ? null
                        : new Fault(
                                Violation.Kind.FEED_WRONG,
                                "Its record is " + end + ", and its feed entry is " + shown(entry) + ".");
            }
            other = entry;
        }
        return other == null
                ? new Fault(
                        Violation.Kind.FEED_MISSING,
                        "Its record is " + end + ", and the feed of shard " + record.shard()
                                + " has no entry of it there.")
                : new Fault(
                        Violation.Kind.FEED_WRONG,
                        "Its record is " + end + ", and the feed has " + shown(other) + " instead.");
    }

    private static boolean isResultOf(FeedEntry.Ended entry, StepState state) {
        Payload.Inline result = entry.result();
        return state instanceof StepState.Succeeded(Payload.Inline inline, Instant _)
                ? inline.equals(result)
                : result == null;
    }

    private static String shown(FeedEntry.Ended entry) {
        return entry.state() + " at attempt " + entry.attempt() + " with " + entry.pages() + " log pages, ended "
                + entry.at();
    }

    private static Instant endedAt(StepRecord record) {
        if (record.state() instanceof StepState.Ended ended) {
            return ended.finishedAt();
        }
        throw new IllegalStateException("only ended steps are in the feed");
    }
}
