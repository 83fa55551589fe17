package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Looks for the ends of steps in the feed: by one query for as many as are near each other in time, by one for each at worst,
 * and by no more queries than it is given.
 */
final class FeedLook {
    /** Entries of one query. They are small: a hundred of them are a few read units. */
    private static final int ENTRIES = 100;

    private final StepStore store;
    private final Tasks tasks;
    private final RandomGenerator random;
    private final int most;
    private final AtomicInteger queries = new AtomicInteger();

    /** @param most so many queries it makes */
    FeedLook(StepStore store, EngineRuntime runtime, int most) {
        this.store = store;
        this.tasks = runtime.tasks();
        this.random = runtime.random();
        this.most = most;
    }

    /** Why the feed contradicts a record. */
    record Fault(Violation.Kind kind, String evidence) {}

    /**
     * What came of a look.
     *
     * @param faults of the steps whose record the feed contradicts, by step key
     * @param unread how many steps it did not look for, as all queries were made
     */
    record Looked(Map<String, Fault> faults, int queries, int unread) {}

    /** Holds records, which have all ended, against the feed. Which it leaves out if it must, is left to chance. */
    Looked look(List<StepRecord> ended) throws InterruptedException {
        Map<Integer, List<StepRecord>> byShard = new TreeMap<>();
        ended.forEach(record -> byShard.computeIfAbsent(record.shard(), shard -> new ArrayList<>())
                .add(record));
        Map<String, Fault> faults = new TreeMap<>();
        int unread = 0;
        if (!byShard.isEmpty()) {
            boolean mayEnd = most < ended.size();
            List<List<StepRecord>> shards = new ArrayList<>();
            for (List<StepRecord> ofOne : byShard.values()) {
                ofOne.sort(Comparator.comparing(FeedLook::endedAt));
                int from = mayEnd ? random.nextInt(ofOne.size()) : 0;
                shards.add(ofOne.subList(from, ofOne.size()));
                shards.add(ofOne.subList(0, from));
            }
            shards.removeIf(List::isEmpty);
            Collections.rotate(shards, mayEnd ? random.nextInt(shards.size()) : 0);
            for (Looked each :
                    ParallelCalls.map(tasks, byShard.size(), "look into the feed", shards, this::inOrderOfTheirEnds)) {
                faults.putAll(each.faults());
                unread += each.unread();
            }
        }
        return new Looked(faults, queries.get(), unread);
    }

    /** Those of one shard. */
    private Looked inOrderOfTheirEnds(List<StepRecord> wanted) {
        Map<String, List<FeedEntry.Ended>> entries = new TreeMap<>();
        Map<String, Fault> faults = new TreeMap<>();
        int came;
        try {
            came = entries(wanted, entries);
        } catch (DamagedData damaged) { // an entry without a time, which any step here may be behind
            String first = wanted.getFirst().id().stepKey();
            Fault unreadable = new Fault(Violation.Kind.FEED_WRONG, String.valueOf(damaged.getMessage()));
            return new Looked(Map.of(first, unreadable), 0, wanted.size() - 1);
        }
        for (StepRecord record : wanted.subList(0, came)) {
            Fault fault = fault(record, entries.getOrDefault(record.id().stepKey(), List.of()));
            if (fault != null) {
                faults.put(record.id().stepKey(), fault);
            }
        }
        return new Looked(faults, 0, wanted.size() - came);
    }

    private boolean mayAsk() {
        boolean may = queries.incrementAndGet() <= most;
        if (!may) {
            queries.decrementAndGet();
        }
        return may;
    }

    /** To how many of the steps it came. */
    private int entries(List<StepRecord> wanted, Map<String, List<FeedEntry.Ended>> entries) {
        wanted.forEach(record -> entries.put(record.id().stepKey(), new ArrayList<>()));
        String after = null;
        int next = 0;
        while (next < wanted.size() && mayAsk()) {
            StepRecord first = wanted.get(next);
            List<FeedEntry> page = store.feed(
                    first.id().runId(), first.shard(), after == null ? FeedEntry.from(endedAt(first)) : after, ENTRIES);
            for (FeedEntry entry : page) {
                List<FeedEntry.Ended> known = entries.get(entry.stepKey());
                if (known != null && entry instanceof FeedEntry.Ended end) {
                    known.add(end);
                }
            }
            if (page.size() < ENTRIES) {
                return wanted.size();
            }
            Instant until = page.getLast().at();
            while (next < wanted.size() && endedAt(wanted.get(next)).isBefore(until)) {
                next++;
            }
            boolean reached = next < wanted.size() && endedAt(wanted.get(next)).equals(until);
            after = reached ? page.getLast().position() : null;
        }
        return next;
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
