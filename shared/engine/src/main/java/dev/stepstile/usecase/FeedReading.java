package dev.stepstile.usecase;

import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Run;
import dev.stepstile.usecase.RunQueries.Feed;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Reads a piece of a run's feed, of all its shards at once. */
record FeedReading(StepStore store, Tasks tasks) {

    /** As {@link RunQueries#feed}. */
    Feed read(Run run, List<String> positions, int limit, Predicate<FeedEntry> fits) throws InterruptedException {
        List<Integer> shards = new ArrayList<>();
        for (int shard = 0; shard < run.shards(); shard++) {
            shards.add(shard);
        }
        List<List<FeedEntry>> pages = ParallelCalls.map(tasks, run.shards(), "read feed", shards, shard -> {
            String after = positions.isEmpty() ? "" : positions.get(shard);
            return store.feed(run.runId(), shard, after.isEmpty() ? null : after, limit);
        });
        List<FeedEntry> entries = new ArrayList<>();
        List<String> next = new ArrayList<>();
        boolean caughtUp = true;
        boolean full = false;
        for (int shard : shards) {
            List<FeedEntry> page = pages.get(shard);
            List<FeedEntry> taken = new ArrayList<>();
            for (FeedEntry entry : page) {
                full = full || entries.size() == limit || !fits.test(entry);
                if (!full) {
                    taken.add(entry);
                    entries.add(entry);
                }
            }
            caughtUp &= taken.size() == page.size() && page.size() < limit;
            String before = positions.isEmpty() ? "" : positions.get(shard);
            next.add(taken.isEmpty() ? before : taken.getLast().position());
        }
        return new Feed(entries, next, caughtUp);
    }
}
