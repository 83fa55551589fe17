package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Notification;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The queries of a run: its status, its steps, one step, those that are running, its feed. */
public final class RunQueries {
    private static final SortedSet<StepState.Name> FAILURES =
            Collections.unmodifiableSortedSet(new TreeSet<>(List.of(StepState.Name.FAILED, StepState.Name.DEAD)));

    private final StepStore store;
    private final RunningSteps running;
    private final Payloads payloads;
    private final ManifestReader manifests;
    private final StepSearch search;
    private final EngineRuntime runtime;

    RunQueries(EngineParts parts) {
        this.store = parts.store();
        this.running = new RunningSteps(parts);
        this.payloads = parts.payloads();
        this.runtime = parts.runtime();
        this.manifests = new ManifestReader(store, payloads, runtime.tasks());
        this.search = new StepSearch(store, payloads, manifests, runtime);
    }

    /**
     * How a run stands.
     *
     * @param countedAt when the newest count of a dispatch of it was made, or when an exact count began; null if none was
     *     counted yet
     * @param next where an exact count continues; null if everything has been counted
     */
    public record Status(
            Run run,
            Dispatches dispatches,
            int steps,
            SortedMap<StepState.Name, Integer> counts,
            @Nullable Instant countedAt,
            @Nullable Counting next) {}

    /**
     * The dispatches of a run.
     *
     * @param notifying those that tell somebody when they have ended, in the order of {@link Notification.Status}; at most {@link Limits#LOOKUP_KEYS}
     */
    public record Dispatches(int count, int open, List<Dispatch> notifying) {
        private static Dispatches of(List<Dispatch> all) {
            List<Dispatch> notifying = all.stream()
                    .filter(dispatch -> dispatch.schedule().notification() != null)
                    .sorted(Comparator.comparing(Dispatches::status))
                    .limit(Limits.LOOKUP_KEYS)
                    .toList();
            int open = (int) all.stream().filter(dispatch -> !dispatch.closed()).count();
            return new Dispatches(all.size(), open, notifying);
        }

        private static Notification.Status status(Dispatch dispatch) {
            Notification notification = dispatch.schedule().notification();
            return notification == null ? Notification.Status.WAITING : notification.status();
        }
    }

    /** An unfinished exact count: where it continues, what it has counted so far, and when it began. */
    public record Counting(StepsCursor from, SortedMap<StepState.Name, Integer> counts, Instant since) {}

    /**
     * A step of a manifest, with its record if it has one.
     *
     * @param damage why the record cannot be read; null if it can, or if there is none
     * @param dispatchedAt when its dispatch was accepted
     */
    public record Step(
            StepSpec spec,
            @Nullable StepRecord record,
            @Nullable String damage,
            Instant dispatchedAt) {
        static Step of(Dispatch dispatch, StepSpec spec, Records records) {
            String key = spec.id().stepKey();
            return new Step(
                    spec,
                    records.of(key),
                    records.damaged().get(key),
                    dispatch.accepted().createdAt());
        }

        public StepState.Name state() {
            if (damage != null) {
                return StepState.Name.UNKNOWN;
            }
            return record == null ? StepState.Name.QUEUED : record.state().name();
        }

        /** The handler that runs it, or is to run it. */
        public String handler() {
            return (record == null ? spec.settings() : record.settings()).handler();
        }

        /**
         * Since when it is in its state: the end of a step that has ended, the claim of a running one. One that waits has
         * waited since it was dispatched, or since its delay or the pause before its retry was over; that may be ahead.
         */
        public Instant since() {
            StepState state = record == null ? null : record.state();
            return switch (state) {
                case null -> spec.settings().window().earliest(dispatchedAt);
                case StepState.Retrying(Instant notBefore) -> notBefore;
                case StepState.Running _ -> startedAt(dispatchedAt);
                case StepState.Ended ended -> ended.finishedAt();
            };
        }

        private Instant startedAt(Instant otherwise) {
            Instant claimed = record == null ? null : record.attempts().newest().startedAt();
            return claimed == null ? otherwise : claimed;
        }

        /** Why it is FAILED or DEAD, or how the last attempt of a RETRYING one ended; null otherwise. */
        public @Nullable StepError failure() {
            StepState state = record == null ? null : record.state();
            return switch (state) {
                case null -> null;
                case StepState.Failed failed -> failed.error();
                case StepState.Dead dead -> dead.error();
                case StepState.Retrying _ -> lastNoted();
                case StepState.Running _ -> null;
                case StepState.Succeeded _ -> null;
                case StepState.Cancelled _ -> null;
            };
        }

        /** When that was: the end of the step, or of its last attempt. */
        public Instant failedAt() {
            FailedAttempt note = state() == StepState.Name.RETRYING ? lastNote() : null;
            return note == null ? since() : note.endedAt();
        }

        private @Nullable StepError lastNoted() {
            FailedAttempt note = lastNote();
            return note == null ? null : new StepError(note.cause(), note.message());
        }

        private @Nullable FailedAttempt lastNote() {
            List<FailedAttempt> history = record == null ? List.of() : record.history();
            return history.reversed().stream()
                    .filter(note -> note.cause() != StepError.Kind.REDRIVEN)
                    .findFirst()
                    .orElse(null);
        }
    }

    /** Where a listing of steps continues: the dispatch, with its creation time, and the index in its manifest. */
    public record StepsCursor(Instant createdAt, String dispatchId, int index) {
        private static final Comparator<StepsCursor> BY_DISPATCH =
                Comparator.comparing(StepsCursor::createdAt).thenComparing(StepsCursor::dispatchId);

        static StepsCursor at(Dispatch dispatch, int index) {
            return new StepsCursor(dispatch.accepted().createdAt(), dispatch.dispatchId(), index);
        }

        /** By creation time; those of the same millisecond by their ids. Without those before {@code from}. */
        static List<Dispatch> inOrder(List<Dispatch> dispatches, @Nullable StepsCursor from) {
            return dispatches.stream()
                    .sorted(Comparator.comparing(dispatch -> at(dispatch, 0), BY_DISPATCH))
                    .filter(dispatch -> from == null || BY_DISPATCH.compare(at(dispatch, 0), from) >= 0)
                    .toList();
        }

        /** The index in a dispatch's manifest at which a cursor continues. */
        static int first(@Nullable StepsCursor from, Dispatch dispatch) {
            return from != null && BY_DISPATCH.compare(at(dispatch, 0), from) == 0 ? from.index() : 0;
        }
    }

    public record Steps(List<Step> steps, @Nullable StepsCursor next) {}

    /**
     * A piece of the feed.
     *
     * @param positions where each shard was read up to: the next cursor
     * @param caughtUp nothing more was there: a hint, since an entry may appear late
     */
    public record Feed(List<FeedEntry> entries, List<String> positions, boolean caughtUp) {}

    /** As counted by the last sweep of each dispatch. */
    public Optional<Status> status(String runId) {
        return store.run(runId).map(run -> {
            List<Dispatch> dispatches = store.dispatches(runId);
            SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
            dispatches.forEach(dispatch -> add(counts, dispatch.counts()));
            return status(
                    run, dispatches, counts, dispatches.isEmpty() ? runtime.now() : lastCounted(dispatches), null);
        });
    }

    /**
     * Counts now, by reading every record. A large run takes several calls: each continues where the one before it
     * ended.
     *
     * @param from null for the first call
     */
    public Optional<Status> exactStatus(String runId, @Nullable Counting from) throws InterruptedException {
        Optional<Run> run = store.run(runId);
        if (run.isEmpty()) {
            return Optional.empty();
        }
        Instant began = runtime.now();
        Instant since = from == null ? began : from.since();
        SortedMap<StepState.Name, Integer> counts = new TreeMap<>();
        if (from != null) {
            add(counts, from.counts());
        }
        List<Dispatch> dispatches = store.dispatches(runId);
        boolean counted = false;
        StepsCursor first = from == null ? null : from.from();
        for (Dispatch dispatch : StepsCursor.inOrder(dispatches, first)) {
            int index = StepsCursor.first(first, dispatch);
            List<StepSpec> all;
            try {
                all = manifests.steps(dispatch);
            } catch (Payloads.Missing missing) {
                add(counts, dispatch.counts());
                continue;
            }
            while (index < all.size()) {
                if (counted && isLate(began)) {
                    Counting next = new Counting(StepsCursor.at(dispatch, index), counts, since);
                    return Optional.of(status(run.get(), dispatches, counts, since, next));
                }
                List<StepSpec> page = all.subList(index, Math.min(all.size(), index + Limits.PAGE));
                Records records = manifests.records(page);
                for (StepSpec spec : page) {
                    counts.merge(Step.of(dispatch, spec, records).state(), 1, Integer::sum);
                }
                index += page.size();
                counted = true;
            }
        }
        return Optional.of(status(run.get(), dispatches, counts, since, null));
    }

    private static Status status(
            Run run,
            List<Dispatch> dispatches,
            SortedMap<StepState.Name, Integer> counts,
            @Nullable Instant countedAt,
            @Nullable Counting next) {
        int steps = dispatches.stream()
                .mapToInt(dispatch -> dispatch.accepted().stepCount())
                .sum();
        return new Status(run, Dispatches.of(dispatches), steps, counts, countedAt, next);
    }

    private static void add(SortedMap<StepState.Name, Integer> counts, SortedMap<StepState.Name, Integer> more) {
        more.forEach((state, n) -> counts.merge(state, n, Integer::sum));
    }

    private boolean isLate(Instant began) {
        return !runtime.now().isBefore(began.plus(StepSearch.ANSWER_WITHIN));
    }

    /** So that whoever adds the ends after it counts none twice, whichever dispatch they are of. */
    private static @Nullable Instant lastCounted(List<Dispatch> dispatches) {
        return dispatches.stream()
                .flatMap(dispatch -> Optional.ofNullable(dispatch.progress().countedAt()).stream())
                .max(Comparator.naturalOrder())
                .orElse(null);
    }

    /**
     * The run's steps that a filter selects, in the order of their dispatch. A page may have fewer than {@code limit}, and even
     * none, before the last one: it is answered after a second, whatever was found.
     */
    public Steps steps(String runId, StepFilter filter, @Nullable StepsCursor from, int limit)
            throws InterruptedException {
        return steps(runId, filter, from, limit, step -> true);
    }

    /** @param fits called for each step of the page, in order; the page ends before the first step that does not fit */
    public Steps steps(String runId, StepFilter filter, @Nullable StepsCursor from, int limit, Predicate<Step> fits)
            throws InterruptedException {
        List<Step> found = new ArrayList<>();
        StepsCursor next = search.search(runId, filter, from, new StepSearch.Page() {
            @Override
            public int room() {
                return limit - found.size();
            }

            @Override
            public boolean add(Step step) {
                return fits.test(step) && found.add(step);
            }
        });
        return new Steps(found, next);
    }

    /**
     * The failures of the steps that a filter selects, grouped: of those that are read within a second from a cursor on.
     *
     * @param filter without states: those of FAILED and DEAD steps
     */
    public FailurePage failures(String runId, StepFilter filter, @Nullable StepsCursor from)
            throws InterruptedException {
        StepFilter asked = filter.states().isEmpty() ? filter.withStates(FAILURES) : filter;
        FailureGroups groups = new FailureGroups();
        StepsCursor next = search.search(runId, asked, from, groups);
        return new FailurePage(groups.largest(), groups.inOthers(), groups.count(), next);
    }

    /**
     * @param groups at most {@link FailureGroups#MOST}, the largest first
     * @param others how many of the failures are in other groups
     * @param count how many failures were grouped
     */
    public record FailurePage(
            List<FailureGroups.Group> groups,
            int others,
            int count,
            @Nullable StepsCursor next) {}

    /** The runs of all. */
    public RunList runs() {
        return new RunList(store, this, runtime);
    }

    /**
     * The input of a step, as its newest attempt had it.
     *
     * @throws DamagedData if it is gone
     */
    public Payload input(StepRecord record) {
        Payload given = record.settings().input();
        if (given != null) {
            return given;
        }
        String dispatchId = record.settings().dispatchId();
        try {
            Optional<Dispatch> dispatch = store.dispatch(record.id().runId(), dispatchId);
            List<StepSpec> steps = dispatch.isPresent() ? manifests.steps(dispatch.get()) : List.of();
            int index = record.settings().index();
            if (index < steps.size()) {
                return steps.get(index).input();
            }
        } catch (Payloads.Missing missing) {
            throw gone(missing);
        }
        throw new DamagedData("The dispatch " + dispatchId + " of step '"
                + record.id().stepKey() + "' is gone, or does not name it; restore it from a backup.");
    }

    /** One step's record, read consistently. */
    public Optional<StepRecord> step(Run run, String stepKey) {
        return store.record(new StepId(run.runId(), stepKey), Shards.of(stepKey, run.shards()));
    }

    /** The steps that are running. */
    public RunningSteps running() {
        return running;
    }

    /** What an attempt wrote. */
    public List<LogPage> log(StepRecord record, int attempt) {
        return store.pages(record.id(), record.shard(), attempt);
    }

    public Optional<Run> run(String runId) {
        return store.run(runId);
    }

    /** The records of these steps that exist, read consistently. */
    public Records lookup(Run run, List<String> keys) {
        List<StepRef> steps = keys.stream()
                .map(key -> new StepRef(new StepId(run.runId(), key), Shards.of(key, run.shards())))
                .toList();
        return Records.read(store, steps);
    }

    /**
     * The JSON of a payload, or nothing if it is larger than {@code most} bytes.
     *
     * @throws DamagedData if it is gone, or is not what was stored
     */
    public Optional<String> json(Payload payload, long most) {
        try {
            return switch (payload) {
                case Payload.Inline(String json) -> Optional.of(json);
                case Payload.Item item when item.size() <= most -> Optional.of(payloads.get(item));
                case Payload.Stored stored when stored.size() <= most -> Optional.of(payloads.get(stored));
                case Payload.Item _ -> Optional.empty();
                case Payload.Stored _ -> Optional.empty();
            };
        } catch (Payloads.Missing missing) {
            throw gone(missing);
        }
    }

    private static DamagedData gone(Payloads.Missing missing) {
        return new DamagedData(
                missing.getMessage() + "; restore it from a backup, or dispatch the step again under another run",
                missing);
    }

    /**
     * The feed behind {@code positions} (one for each shard, "" from the start; empty for all from the start).
     *
     * @param limit entries at most
     */
    public Feed feed(Run run, List<String> positions, int limit) throws InterruptedException {
        return feed(run, positions, limit, entry -> true);
    }

    /**
     * @param fits called for each entry of the piece, in order; the piece ends before the first entry that does not
     * fit
     */
    public Feed feed(Run run, List<String> positions, int limit, Predicate<FeedEntry> fits)
            throws InterruptedException {
        return new FeedReading(store, runtime.tasks()).read(run, positions, limit, fits);
    }
}
