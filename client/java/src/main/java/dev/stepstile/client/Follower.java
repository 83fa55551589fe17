package dev.stepstile.client;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reports each end of the steps that it follows once and, if asked to, each page of their logs once, before the end. An
 * entry of the feed may come twice, and may come late: entries are known by step key, attempt and page, and
 * {@link FeedPosition} goes back for the late ones. What the feed does not show at all is looked up each
 * {@link FeedTimes#LOOKUP_EVERY}; a step whose record is damaged in two lookups is
 * reported so, and no longer waited for. A page that turns up after the end of its step was reported is dropped.
 *
 * <p>A loop over a follower waits for each event and ends when each step has ended; a loop that was left, or that an exception
 * ended, is gone on with by another, and nothing is lost or reported twice. Not safe to use from several threads at once.
 */
public final class Follower implements Iterable<RunEvent> {
    /** Calls at once, for what the feed does not hold itself. */
    static final int READERS = 8;

    /** Entries of one poll, about: no more is read from the feed before they are reported. */
    static final int MOST_ENTRIES = 1_000;

    /** Results of one poll that had to be fetched, but for one that is larger. */
    static final long MOST_BYTES = 32 * 1024 * 1024;

    private final StepstileClient client;
    private final String runId;
    private final boolean logs;
    private final Pacing pacing;
    private final FeedPosition position;
    private final Set<String> missing;
    private final Set<String> followed;
    private final Map<String, List<FeedPage.Entry>> notFollowed = new HashMap<>();
    private final Set<Attempted> seenEnds = new HashSet<>();
    private final Set<Page> seenPages = new HashSet<>();
    private final Set<Page> reportedPages = new HashSet<>();
    private final Deque<RunEvent> ready = new ArrayDeque<>();
    private final List<FeedPage.Entry> fresh = new ArrayList<>();
    private final List<StepDamaged> freshlyDamaged = new ArrayList<>();
    private Set<String> damaged = Set.of();
    private Instant lookupAt;
    private Duration pause = FeedTimes.SHORTEST_PAUSE;

    private record Attempted(String key, int attempt) {}

    private record Page(String key, int attempt, int number) {}

    Follower(StepstileClient client, String runId, Collection<String> keys, boolean logs, Pacing pacing) {
        this.client = client;
        this.runId = runId;
        this.logs = logs;
        this.pacing = pacing;
        this.missing = new LinkedHashSet<>(keys);
        this.followed = new HashSet<>(keys);
        this.position = new FeedPosition(this::page, pacing);
        this.lookupAt = pacing.now().plus(FeedTimes.LOOKUP_EVERY);
    }

    /** The keys of the steps whose end was not reported yet. */
    public Set<String> missing() {
        return Collections.unmodifiableSet(new TreeSet<>(missing));
    }

    /** Whether the end of each step was reported. */
    public boolean complete() {
        return missing.isEmpty();
    }

    /** How long to wait before the next poll: short while something comes, longer and longer where nothing does. */
    public Duration pause() {
        return pause;
    }

    /** Follows more steps, or once more those that were redriven. What the feed showed of them already is not lost. */
    public void add(Collection<String> keys) {
        for (String key : keys) {
            missing.add(key);
            followed.add(key);
            List<FeedPage.Entry> entries = notFollowed.remove(key);
            if (entries != null) {
                entries.forEach(this::note);
            }
        }
        pause = FeedTimes.SHORTEST_PAUSE;
    }

    /**
     * Polls and pauses until each step has ended, or the time is over.
     *
     * @param reported called with each event, on this thread
     * @return whether each step has ended; if not, the follower may go on
     * @throws StepstileException as {@link #poll()}
     */
    public boolean await(Duration atMost, Consumer<? super RunEvent> reported) {
        Instant until = pacing.now().plus(atMost);
        while (true) {
            poll().forEach(reported);
            if (complete()) {
                return true;
            }
            Duration left = Duration.between(pacing.now(), until);
            if (!left.isPositive()) {
                return false;
            }
            client.pause(left.compareTo(pause) < 0 ? left : pause);
        }
    }

    /**
     * What is new, without waiting for it: of one step, its pages in order, then its end. A poll reports about a thousand
     * ends and 32 MB of results at most, so that it can be held in memory; the next one goes on there.
     *
     * @throws StepstileException if a call failed: nothing was reported then, and the next poll reports what this one would
     *     have
     */
    public List<RunEvent> poll() {
        if (!ready.isEmpty()) { // a loop over this was left before it came to them
            List<RunEvent> left = List.copyOf(ready);
            ready.clear();
            return left;
        }
        if (fresh.size() < MOST_ENTRIES) {
            position.read(fresh::size, MOST_ENTRIES);
        }
        Instant now = pacing.now();
        if (!now.isBefore(lookupAt) && !missing.isEmpty()) {
            lookUpMissing();
            lookupAt = now.plus(FeedTimes.LOOKUP_EVERY);
        }
        List<FeedPage.Entry> entries = new ArrayList<>(fresh.subList(0, Math.min(MOST_ENTRIES, fresh.size())));
        List<RunEvent> events = events(entries); // leaves those that it reports
        pause = events.isEmpty() && fresh.isEmpty() ? FeedTimes.longer(pause) : FeedTimes.SHORTEST_PAUSE;
        fresh.subList(0, entries.size()).clear();
        freshlyDamaged.clear();
        return events;
    }

    /** The events as they come; {@code hasNext} waits for the next one, and throws as {@link #poll()} does. */
    @Override
    public Iterator<RunEvent> iterator() {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                while (ready.isEmpty() && !complete()) {
                    ready.addAll(poll());
                    if (ready.isEmpty() && !complete()) {
                        client.pause(pause);
                    }
                }
                return !ready.isEmpty();
            }

            @Override
            public RunEvent next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("each step has ended");
                }
                return ready.removeFirst();
            }
        };
    }

    private FeedPage page(@Nullable String cursor) {
        FeedPage page = client.feed(runId, cursor);
        page.entries().forEach(this::note);
        return page;
    }

    private void note(FeedPage.Entry entry) {
        if (!followed.contains(entry.key())) {
            notFollowed.computeIfAbsent(entry.key(), _ -> new ArrayList<>()).add(entry);
            return;
        }
        boolean isNew = switch (entry) {
            case FeedPage.LogWritten(String key, int attempt, int number) ->
                logs && missing.contains(key) && seenPages.add(new Page(key, attempt, number));
            case FeedPage.Ended ended -> seenEnds.add(new Attempted(ended.key(), ended.attempt()));
        };
        if (isNew) {
            fresh.add(entry);
        }
    }

    /** A record that is damaged in two lookups is one that nobody repairs, nor a newer version's that this one misreads. */
    private void lookUpMissing() {
        Set<String> damagedNow = new HashSet<>();
        for (StepRecord found : client.lookup(runId, missing).values()) {
            if (found.state() instanceof StepState.Ended ended) {
                note(new FeedPage.Ended(
                        found.key(), found.attempt(), ended, found.log().pageCount()));
            } else if (found.state() instanceof StepState.Unknown(String damage)) {
                damagedNow.add(found.key());
                if (damaged.contains(found.key())) {
                    freshlyDamaged.add(new StepDamaged(found.key(), found.attempt(), damage));
                }
            }
        }
        damaged = damagedNow;
    }

    /**
     * The entries as what they stand for. Whatever is not in them is read, in as few calls as can be.
     *
     * @param entries from which those are removed that are left to the next poll
     */
    private List<RunEvent> events(List<FeedPage.Entry> entries) {
        Map<String, StepRecord> records = records(entries);
        Map<String, List<LogPage>> pages = pages(entries);
        List<RunEvent> events = new ArrayList<>();
        for (FeedPage.Entry entry : entries) {
            List<LogPage> written = pages.remove(entry.key());
            if (written != null) {
                events.addAll(unreported(written));
            }
            if (entry instanceof FeedPage.Ended ended) {
                end(ended, records.get(ended.key())).ifPresent(end -> {
                    missing.remove(end.key());
                    events.add(end);
                });
            }
        }
        for (StepDamaged step : freshlyDamaged) {
            missing.remove(step.key());
            events.add(step);
        }
        return events;
    }

    /** Of the steps whose end an entry does not tell whole. */
    private Map<String, StepRecord> records(List<FeedPage.Entry> entries) {
        List<String> keys = entries.stream()
                .filter(entry -> entry instanceof FeedPage.Ended(var _, int attempt, StepState.Ended state, int _)
                        && !(attempt == 1 && state instanceof StepState.Succeeded(Instant _, StepResult.Value _)))
                .map(FeedPage.Entry::key)
                .toList();
        Map<String, StepRecord> records = new HashMap<>(client.lookup(runId, keys));
        List<Callable<StepRecord>> large = new ArrayList<>();
        long bytes = 0;
        for (int i = 0; i < entries.size(); i++) {
            StepRecord found = records.get(entries.get(i).key());
            if (found != null
                    && entries.get(i) instanceof FeedPage.Ended
                    && found.state() instanceof StepState.Succeeded(Instant at, StepResult.Stored stored)) {
                bytes += stored.size();
                if (bytes > MOST_BYTES && !large.isEmpty()) {
                    entries.subList(i, entries.size()).clear();
                    break;
                }
                large.add(() -> withResult(found, at));
            }
        }

        for (StepRecord whole : read(large)) {
            records.put(whole.key(), whole);
        }
        return records;
    }

    private StepRecord withResult(StepRecord found, Instant at) {
        StepState.Succeeded state =
                new StepState.Succeeded(at, new StepResult.Value(client.result(runId, found.key())));
        return new StepRecord(
                found.key(), found.attempt(), found.origin(), found.times(), state, found.attempts(), found.log());
    }

    /** Of the attempts of which there are pages that were not reported, by step. */
    private Map<String, List<LogPage>> pages(List<FeedPage.Entry> entries) {
        Set<Attempted> wanted = new LinkedHashSet<>();
        for (FeedPage.Entry entry : entries) {
            boolean unread = switch (entry) {
                case FeedPage.LogWritten _ -> true;
                case FeedPage.Ended ended -> logs && !allReported(ended);
            };
            if (unread) {
                wanted.add(new Attempted(entry.key(), entry.attempt()));
            }
        }
        List<Callable<Optional<StepRecord>>> calls = new ArrayList<>();
        for (Attempted attempted : wanted) {
            calls.add(() -> client.stepWithLog(runId, attempted.key(), attempted.attempt()));
        }
        Map<String, List<LogPage>> pages = new LinkedHashMap<>();
        for (Optional<StepRecord> read : read(calls)) {
            read.ifPresent(step -> pages.computeIfAbsent(step.key(), _ -> new ArrayList<>())
                    .addAll(step.log().pages()));
        }
        return pages;
    }

    private boolean allReported(FeedPage.Ended ended) {
        for (int number = 0; number < ended.logPageCount(); number++) {
            if (!reportedPages.contains(new Page(ended.key(), ended.attempt(), number))) {
                return false;
            }
        }
        return true;
    }

    private List<LogPage> unreported(List<LogPage> pages) {
        pages.sort(Comparator.comparingInt(LogPage::attempt).thenComparingInt(LogPage::number));
        List<LogPage> unreported = new ArrayList<>();
        for (LogPage page : pages) {
            Page name = new Page(page.key(), page.attempt(), page.number());
            seenPages.add(name);
            if (reportedPages.add(name)) {
                unreported.add(page);
            }
        }
        return unreported;
    }

    /** The end that an entry tells; empty if the step was redriven since: its next end follows. */
    private static Optional<StepEnded> end(FeedPage.Ended entry, @Nullable StepRecord found) {
        if (found == null) {
            return Optional.of(new StepEnded(entry.key(), entry.attempt(), entry.state(), List.of()));
        }
        return found.attempt() == entry.attempt() && found.state() instanceof StepState.Ended state
                ? Optional.of(new StepEnded(found.key(), found.attempt(), state, found.attempts()))
                : Optional.empty();
    }

    /** Makes the calls, some of them at once, on threads that end with it. */
    private static <T> List<T> read(List<Callable<T>> calls) {
        List<T> answers = new ArrayList<>();
        if (calls.isEmpty()) {
            return answers;
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(
                Math.min(READERS, calls.size()), Thread.ofVirtual().factory())) {
            for (Future<T> answer : threads.invokeAll(calls)) {
                answers.add(answer.get());
            }
            return answers;
        } catch (InterruptedException e) {
            throw Transport.interrupted(e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof StepstileException failed) {
                throw failed;
            }
            throw new IllegalStateException("A call failed for a reason of its own.", e.getCause());
        }
    }
}
