package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which steps have ended, by the feeds of their runs. One sweep reads the feed of a run once, for all its dispatches. It is
 * a hint: an entry may be missing (the feed lags, and a clock may be slow), or of an end that was redriven since. Only a
 * success is for good.
 */
final class RecentEnds {
    /** How far behind the last position reading begins: twice as far as other readers go back (protocol, the feed). */
    private static final Duration LATE = Duration.ofSeconds(30);

    /** Entries that one sweep reads of a run, so that it stays within its memory; the next sweep reads on from there. */
    private static final int MOST = 200_000;

    private static final Logger LOG = LoggerFactory.getLogger(RecentEnds.class);

    private final StepStore store;
    private final EngineRuntime runtime;
    private final Map<String, Ends> read = new LinkedHashMap<>();
    private int kept;

    RecentEnds(StepStore store, EngineRuntime runtime) {
        this.store = store;
        this.runtime = runtime;
    }

    /**
     * The ends of a run's steps.
     *
     * @param from since when they were read
     * @param to until when; later ones are read by the next sweep
     * @param ends by step key
     */
    record Ends(Instant from, Instant to, Map<String, End> ends) {
        @Nullable
        End of(String stepKey) {
            return ends.get(stepKey);
        }
    }

    /**
     * The end of a step.
     *
     * @param state UNKNOWN of a damaged record
     * @param at by the clock of whoever ended it
     */
    record End(StepState.Name state, Instant at) {}

    /** The ends since those that the dispatch has counted. None if the feed cannot be read: the next sweep reads it. */
    Ends since(Dispatch dispatch) throws InterruptedException {
        Instant created = dispatch.accepted().createdAt();
        Instant counted = dispatch.progress().reading().endsReadTo();
        Instant from = (counted.isAfter(created) ? counted : created).minus(LATE);
        Ends known = read.get(dispatch.runId());
        if (known != null && !known.from().isAfter(from)) {
            return known;
        }
        try {
            return keep(dispatch.runId(), read(dispatch, from));
        } catch (DamagedData e) {
            throw e;
        } catch (PortException e) {
            LOG.warn("Run {}: its feed is not read ({}); the next sweep reads it.", dispatch.runId(), e.getMessage());
            return new Ends(from, counted, Map.of());
        }
    }

    private Ends keep(String runId, Ends ends) {
        kept += ends.ends().size();
        if (kept > MOST) { // those of other runs are read again if they are needed again
            read.clear();
            kept = ends.ends().size();
        }
        read.put(runId, ends);
        return ends;
    }

    private Ends read(Dispatch dispatch, Instant from) throws InterruptedException {
        Instant now = runtime.now();
        int shards = dispatch.accepted().shards();
        List<Integer> all = IntStream.range(0, shards).boxed().toList();
        List<Ends> ends = ParallelCalls.map(
                runtime.tasks(),
                shards,
                "read the feed",
                all,
                shard -> shard(dispatch.runId(), shard, new Ends(from, now, new LinkedHashMap<>()), MOST / shards));
        Map<String, End> merged = new LinkedHashMap<>();
        ends.forEach(part -> merged.putAll(part.ends()));
        return new Ends(from, ends.stream().map(Ends::to).reduce(now, (a, b) -> a.isBefore(b) ? a : b), merged);
    }

    private Ends shard(String runId, int shard, Ends ends, int most) {
        String after = FeedEntry.from(ends.from());
        int read = 0;
        List<FeedEntry> page;
        do {
            page = store.feed(runId, shard, after, Limits.PAGE);
            for (FeedEntry entry : page) {
                after = entry.position();
                if (entry instanceof FeedEntry.Ended ended) {
                    ends.ends().put(ended.stepKey(), new End(ended.state(), ended.at()));
                }
            }
            read += page.size();
        } while (page.size() == Limits.PAGE && read < most);
        return page.size() < Limits.PAGE
                ? ends
                : new Ends(ends.from(), page.getLast().at().plus(LATE), ends.ends()); // read on without going back
    }
}
