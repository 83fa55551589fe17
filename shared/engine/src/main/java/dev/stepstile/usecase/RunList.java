package dev.stepstile.usecase;

import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Pauses;
import dev.stepstile.step.Shards;
import dev.stepstile.usecase.RunQueries.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The runs, newest first, each with its status. Which runs there are is read from an index, a thousand at once; paused ones from the
 * pauses, which are few. Of those that are listed, the run and its dispatches are read.
 */
public final class RunList {
    private static final int READS_AT_ONCE = 10;

    /** After each sweep that is due. */
    private static final Instant FAR = Instant.parse("9999-12-31T23:59:59Z");

    private final StepStore store;
    private final RunQueries queries;
    private final EngineRuntime runtime;

    RunList(StepStore store, RunQueries queries, EngineRuntime runtime) {
        this.store = store;
        this.queries = queries;
        this.runtime = runtime;
    }

    /**
     * Which runs.
     *
     * @param open only those that have an open dispatch
     * @param paused only those that these pauses cover as a whole; null: paused or not
     * @param prefix with which the run's id begins; empty: any
     * @param began when the run began
     */
    public record Filter(boolean open, @Nullable Pauses paused, String prefix, StepFilter.Span began) {
        /** Whether many runs may have to be looked at for each that is listed. */
        private boolean isSparse() {
            return open || !prefix.isEmpty();
        }

        private boolean allows(RunPosition run) {
            return run.runId().startsWith(prefix) && began.includes(run.createdAt());
        }
    }

    /** @param next behind which position the list goes on; null if it has ended */
    public record Page(List<Status> runs, @Nullable RunPosition next) {}

    /**
     * A page of at most so many runs. It may have fewer before the last one: it is answered after a second, whatever was found.
     *
     * @param after null for the first page
     * @param fits called for each run of the page, in order; the page ends before the first run that does not fit
     */
    public Page page(Filter filter, @Nullable RunPosition after, int limit, Predicate<Status> fits)
            throws InterruptedException {
        Instant began = runtime.now();
        Set<String> open = filter.open() ? openRuns() : Set.of();
        List<Status> found = new ArrayList<>();
        RunPosition last = start(filter, after);
        Source source = source(filter);
        while (true) {
            int most = filter.isSparse() ? Limits.PAGE : limit - found.size() + 1;
            List<RunPosition> read = source.runs(last, most);
            List<RunPosition> wanted = read.stream()
                    .filter(run -> filter.allows(run) && (!filter.open() || open.contains(run.runId())))
                    .toList();
            int next = 0;
            while (next < wanted.size()) {
                if (found.size() == limit || (next > 0 && isLate(began))) {
                    return new Page(found, last);
                }
                int end = Math.min(wanted.size(), next + Math.min(READS_AT_ONCE, limit - found.size()));
                List<RunPosition> batch = wanted.subList(next, end);
                List<Optional<Status>> statuses = statuses(batch);
                for (int i = 0; i < batch.size(); i++) {
                    if (statuses.get(i).isPresent()
                            && !add(filter, found, statuses.get(i).get(), fits)) {
                        return new Page(found, last);
                    }
                    last = batch.get(i);
                }
                next = end;
            }
            if (read.size() < most || isBelow(filter, read.getLast())) {
                return new Page(found, null);
            }
            last = read.getLast();
            if (found.size() == limit || isLate(began)) {
                return new Page(found, last);
            }
        }
    }

    /** Which runs there are that a filter may allow, in their order. */
    private interface Source {
        /** At most so many behind a position; fewer: there are no more. */
        List<RunPosition> runs(@Nullable RunPosition after, int most);
    }

    private Source source(Filter filter) throws InterruptedException {
        Pauses paused = filter.paused();
        if (paused == null || paused.coverEverything()) {
            return store::runs;
        }
        List<String> ids = paused.runs().stream()
                .filter(id -> id.startsWith(filter.prefix()))
                .toList();
        List<RunPosition> all =
                ParallelCalls.map(runtime.tasks(), READS_AT_ONCE, "read paused run", ids, store::run).stream()
                        .flatMap(Optional::stream)
                        .map(RunPosition::of)
                        .sorted()
                        .toList();
        return (after, most) -> all.stream()
                .filter(run -> after == null || run.compareTo(after) > 0)
                .limit(most)
                .toList();
    }

    private static @Nullable RunPosition start(Filter filter, @Nullable RunPosition after) {
        Instant until = filter.began().until();
        if (until == null) {
            return after;
        }
        RunPosition first = RunPosition.before(until);
        return after == null || after.compareTo(first) < 0 ? first : after;
    }

    /** Whether a run, and with it each that follows, began before the span. */
    private static boolean isBelow(Filter filter, RunPosition run) {
        Instant since = filter.began().since();
        return since != null && run.createdAt().isBefore(since);
    }

    private static boolean add(Filter filter, List<Status> found, Status status, Predicate<Status> fits) {
        boolean listed = !filter.open() || status.dispatches().open() > 0;
        return !listed || (fits.test(status) && found.add(status));
    }

    private boolean isLate(Instant began) {
        return !runtime.now().isBefore(began.plus(StepSearch.ANSWER_WITHIN));
    }

    private List<Optional<Status>> statuses(List<RunPosition> runs) throws InterruptedException {
        return ParallelCalls.map(runtime.tasks(), READS_AT_ONCE, "read run", runs, run -> queries.status(run.runId()));
    }

    /** The runs of the open dispatches, and of those that are closed and owe a notification. */
    private Set<String> openRuns() {
        Set<String> open = new TreeSet<>();
        for (int bucket = 0; bucket < Shards.OPEN_BUCKETS; bucket++) {
            store.due(bucket, FAR, Integer.MAX_VALUE).stream()
                    .map(DispatchId::runId)
                    .forEach(open::add);
        }
        return open;
    }
}
