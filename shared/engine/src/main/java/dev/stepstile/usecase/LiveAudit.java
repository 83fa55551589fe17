package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Run;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Holds what is stored of a run against itself, while work goes on: records, feed, manifests, marks of dead letters, counts
 * and payloads. It writes nothing. What work under way can look like is reported only if it is seen again, unchanged, after
 * {@link #LOOK_AGAIN_AFTER}; why that is enough, docs/adr/019 says.
 *
 * <p>A call that checks ten steps or more makes at most two reads for each. Of fewer it reads everything: two for each, one for
 * the run, and one for each payload. Beyond that it reads the manifest, if it is a payload, of a dispatch of fewer than ten steps,
 * and where records are damaged those of their batch once more. A read is a key of a batch, a payload, or a query.
 */
public final class LiveAudit {
    /** Twice as long as readers of the feed go back: no index that works shows an entry later. */
    public static final Duration LOOK_AGAIN_AFTER = Duration.ofSeconds(30);

    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(1);

    /** Steps that are read together; the feed of each shard is queried once for them, if they ended near each other. */
    private static final int CHUNK = 250;

    private static final int MOST_STEPS = 2_000;

    /** Beyond it a call ends, so that the cursor of the second look stays within a request line. */
    private static final int MOST_SUSPECTS = 50;

    private static final int MOST_SUSPECT_DISPATCHES = 8;
    private static final int SEEN_LENGTH = 8;
    private static final Comparator<Position> IN_ORDER =
            Comparator.comparing(Position::createdAt).thenComparing(Position::dispatchId);

    private final EngineParts parts;
    private final StepStore store;

    LiveAudit(EngineParts parts) {
        this.parts = parts;
        this.store = parts.store();
    }

    /**
     * What a call found.
     *
     * @param checked steps that were held against everything, in first looks
     * @param reads how many were made
     * @param unread payloads, and ends in the feed, that were not looked at, as two reads a step were spent
     * @param next where the first look continues; null once all steps have been looked at
     * @param again what is to be looked at once more; null if nothing is
     * @param settled nothing was looked at: nothing has happened since
     */
    public record Page(
            List<Violation> violations,
            int checked,
            int reads,
            int unread,
            @Nullable Position next,
            @Nullable SecondLook again,
            boolean settled) {}

    /**
     * Where a first look continues.
     *
     * @param tally how the steps of this dispatch before {@code index} stand
     */
    public record Position(Instant createdAt, String dispatchId, int index, Tally tally) {}

    /**
     * The states of a dispatch's steps so far.
     *
     * @param progress a digest of the dispatch's progress, which must not change while its steps are counted; empty if the
     *     steps cannot be counted
     */
    public record Tally(String progress, SortedMap<StepState.Name, Integer> counts) {
        private static final Tally NONE = new Tally("", new TreeMap<>());

        private static Tally of(Dispatch dispatch) {
            boolean counts = dispatch.closed()
                    && !dispatch.progress().finished().toBitSet().isEmpty();
            return counts ? new Tally(digest(dispatch), new TreeMap<>()) : NONE;
        }

        private static String digest(Dispatch dispatch) {
            return Sha256.hex(dispatch.progress().toString()).substring(0, SEEN_LENGTH);
        }
    }

    /** What is to be looked at again, not before {@code notBefore}. */
    public record SecondLook(Instant notBefore, List<Suspects> suspects) {}

    /** Those of one dispatch. */
    public record Suspects(String dispatchId, List<Suspect> steps) {}

    /**
     * A step that was seen to be wrong once.
     *
     * @param seen a digest of its record
     */
    public record Suspect(int index, Set<Violation.Kind> kinds, String seen) {}

    /**
     * Looks at the next steps of a run.
     *
     * @param from null for the first call
     * @return empty if there is no such run
     */
    public Optional<Page> look(String runId, @Nullable Position from) throws InterruptedException {
        return look(runId, from, null);
    }

    /**
     * As {@link #look(String, Position)}, but a first call does not look at a run whose dispatches were all closed before an
     * instant; null: it does.
     */
    Optional<Page> look(String runId, @Nullable Position from, @Nullable Instant since) throws InterruptedException {
        try {
            Optional<StepStore.RunWithDispatches> found = store.runWithDispatches(runId);
            return found.isEmpty() ? Optional.empty() : Optional.of(new FirstLook(found.get()).from(from, since));
        } catch (DamagedData damaged) {
            String evidence = String.valueOf(damaged.getMessage());
            Violation unreadable = new Violation(Violation.Kind.DISPATCHES_DAMAGED, null, null, evidence);
            return Optional.of(new Page(List.of(unreadable), 0, 1, 0, null, null, false));
        }
    }

    /**
     * Looks once more at what was seen to be wrong, and reports what is still the same. Too early, it looks at nothing and
     * returns the second look as it is.
     *
     * @return empty if there is no such run
     */
    public Optional<Page> lookAgain(String runId, SecondLook again) throws InterruptedException {
        if (parts.runtime().now().isBefore(again.notBefore())) {
            return Optional.of(new Page(List.of(), 0, 0, 0, null, again, false));
        }
        Optional<Run> run = store.run(runId);
        if (run.isEmpty()) {
            return Optional.empty();
        }
        List<Violation> violations = new ArrayList<>();
        int reads = 1;
        for (Suspects suspects : again.suspects()) {
            Optional<Dispatch> dispatch = store.dispatch(runId, suspects.dispatchId());
            reads++;
            if (dispatch.isPresent()) {
                reads += lookAgain(run.get(), dispatch.get(), suspects.steps(), violations);
            }
        }
        return Optional.of(new Page(violations, 0, reads, 0, null, null, false));
    }

    private int lookAgain(Run run, Dispatch dispatch, List<Suspect> suspects, List<Violation> violations)
            throws InterruptedException {
        Map<Integer, Suspect> byIndex = new TreeMap<>();
        suspects.forEach(suspect -> byIndex.put(suspect.index(), suspect));
        boolean orphans =
                suspects.stream().anyMatch(suspect -> suspect.kinds().contains(Violation.Kind.RECORD_WITHOUT_DISPATCH));
        Set<String> ids = orphans ? ids(store.dispatches(run.runId())) : Set.of();
        ManifestReader manifests = manifests();
        List<StepSpec> steps;
        try {
            steps = manifests.steps(dispatch).stream()
                    .filter(spec -> byIndex.containsKey(spec.settings().index()))
                    .toList();
        } catch (Payloads.Missing | DamagedData unreadable) {
            return readsOfManifest(dispatch); // the first look has reported it, or another will
        }
        AuditedSteps audited = new AuditedSteps(parts, run, dispatch, ids, manifests);
        for (AuditedSteps.Finding finding : audited.lookAgain(steps)) {
            Suspect suspect = byIndex.get(finding.index());
            if (suspect != null
                    && suspect.kinds().contains(finding.violation().kind())
                    && suspect.seen().equals(finding.seen())) {
                violations.add(finding.violation());
            }
        }
        return audited.takeReads() + readsOfManifest(dispatch) + (orphans ? 1 : 0);
    }

    private static int readsOfManifest(Dispatch dispatch) {
        return dispatch.accepted().manifest() instanceof Payload.Inline ? 0 : 1;
    }

    /** With nothing in its cache: what is read is there. */
    private ManifestReader manifests() {
        return new ManifestReader(
                store,
                new Payloads(parts.ports().items(), parts.ports().objects()),
                parts.runtime().tasks());
    }

    private static Set<String> ids(List<Dispatch> dispatches) {
        Set<String> ids = new TreeSet<>();
        dispatches.forEach(dispatch -> ids.add(dispatch.dispatchId()));
        return ids;
    }

    /** One call's part of the first look. */
    private final class FirstLook {
        private final Run run;
        private final List<Dispatch> dispatches;
        private final Set<String> dispatchIds;
        private final Instant began = parts.runtime().now();
        private final ManifestReader manifests = manifests();
        private final List<Violation> violations = new ArrayList<>();
        private final Map<String, List<Suspect>> suspects = new TreeMap<>();
        private boolean advanced;
        private int checked;
        private int reads = 1; // the run, with its dispatches
        private int unread;

        FirstLook(StepStore.RunWithDispatches found) {
            this.run = found.run();
            this.dispatches = found.dispatches().stream()
                    .sorted((a, b) -> IN_ORDER.compare(at(a, 0, Tally.NONE), at(b, 0, Tally.NONE)))
                    .toList();
            this.dispatchIds = ids(dispatches);
        }

        Page from(@Nullable Position from, @Nullable Instant since) throws InterruptedException {
            if (from == null && since != null && dispatches.stream().allMatch(each -> isSettled(each, since))) {
                return new Page(List.of(), 0, reads, 0, null, null, true);
            }
            List<Dispatch> ahead = dispatches.stream()
                    .filter(dispatch -> from == null || side(dispatch, from) >= 0)
                    .toList();
            AuditAllowance allowance = allowance(ahead, from);
            for (Dispatch dispatch : ahead) {
                Position next = from != null && side(dispatch, from) == 0 && from.index() > 0
                        ? look(dispatch, from, allowance)
                        : begin(dispatch, allowance);
                if (next != null) {
                    return page(next);
                }
                advanced = true;
            }
            return page(null);
        }

        private static int side(Dispatch dispatch, Position from) {
            return IN_ORDER.compare(at(dispatch, 0, Tally.NONE), from);
        }

        private AuditAllowance allowance(List<Dispatch> ahead, @Nullable Position from) {
            int steps = 0;
            for (Dispatch dispatch : ahead) {
                int done = from != null && side(dispatch, from) == 0 ? from.index() : 0;
                steps += Math.max(0, dispatch.accepted().stepCount() - done);
            }
            return AuditAllowance.of(steps, parts.runtime().random());
        }

        private Page page(@Nullable Position next) {
            List<Suspects> all = suspects.entrySet().stream()
                    .map(entry -> new Suspects(entry.getKey(), entry.getValue()))
                    .toList();
            Instant again = parts.runtime().now().plus(LOOK_AGAIN_AFTER);
            return new Page(
                    violations, checked, reads, unread, next, all.isEmpty() ? null : new SecondLook(again, all), false);
        }

        /** It was last counted when it was closed. */
        private static boolean isSettled(Dispatch dispatch, Instant since) {
            Instant countedAt = dispatch.progress().countedAt();
            return dispatch.closed() && countedAt != null && countedAt.isBefore(since);
        }

        private boolean isFull() {
            int seen = suspects.values().stream().mapToInt(List::size).sum();
            boolean late = !parts.runtime().now().isBefore(began.plus(ANSWER_WITHIN));
            return checked >= MOST_STEPS
                    || seen > MOST_SUSPECTS
                    || suspects.size() >= MOST_SUSPECT_DISPATCHES
                    || (late && advanced);
        }

        private @Nullable Position begin(Dispatch dispatch, AuditAllowance allowance) throws InterruptedException {
            if (isFull()) {
                return at(dispatch, 0, Tally.of(dispatch));
            }
            AuditRules.ofDispatch(dispatch, run).forEach(wrong -> add(dispatch, Violation.Kind.DISPATCH_WRONG, wrong));
            return look(dispatch, at(dispatch, 0, Tally.of(dispatch)), allowance);
        }

        /** Where the next call continues in this dispatch; null once it is done. */
        private @Nullable Position look(Dispatch dispatch, Position from, AuditAllowance allowance)
                throws InterruptedException {
            AuditedSteps audited = new AuditedSteps(parts, run, dispatch, dispatchIds, manifests);
            List<StepSpec> steps = steps(dispatch, audited.isKept(), from.index() == 0);
            Counting counting = new Counting(from.tally());
            int index = Math.min(from.index(), steps.size());
            if (readsOfManifest(dispatch) > 0) {
                allowance.spendForManifest(steps.size() - index);
            }
            while (index < steps.size()) {
                if (isFull()) {
                    return at(dispatch, index, counting.tally());
                }
                List<StepSpec> chunk = steps.subList(index, Math.min(steps.size(), index + CHUNK));
                checked += chunk.size();
                keep(dispatch, audited.look(chunk, allowance, counting));
                index += chunk.size();
                advanced = true;
                reads += audited.takeReads();
                unread += audited.takeUnread();
            }
            if (!steps.isEmpty()) {
                compare(dispatch, counting.tally());
            }
            return null;
        }

        /** The manifest; empty, and reported, if it cannot be read. */
        private List<StepSpec> steps(Dispatch dispatch, boolean kept, boolean report) {
            reads += readsOfManifest(dispatch);
            try {
                List<StepSpec> steps = manifests.steps(dispatch);
                List<String> wrong = AuditRules.ofManifest(dispatch, steps);
                if (report) {
                    wrong.forEach(each -> add(dispatch, Violation.Kind.DISPATCH_WRONG, each));
                }
                return wrong.isEmpty() ? steps : List.of();
            } catch (Payloads.Missing missing) {
                if (kept) {
                    add(dispatch, Violation.Kind.MANIFEST_MISSING, "Its manifest: " + missing.getMessage() + ".");
                }
            } catch (DamagedData unreadable) {
                add(dispatch, Violation.Kind.MANIFEST_UNREADABLE, String.valueOf(unreadable.getMessage()));
            }
            return List.of();
        }

        private void keep(Dispatch dispatch, List<AuditedSteps.Finding> findings) {
            Map<Integer, Suspect> seen = new TreeMap<>();
            for (AuditedSteps.Finding finding : findings) {
                Violation.Kind kind = finding.violation().kind();
                if (kind.atOnce()) {
                    violations.add(finding.violation());
                } else {
                    seen.computeIfAbsent(
                                    finding.index(),
                                    index -> new Suspect(index, EnumSet.noneOf(Violation.Kind.class), finding.seen()))
                            .kinds()
                            .add(kind);
                }
            }
            if (!seen.isEmpty()) {
                suspects.computeIfAbsent(dispatch.dispatchId(), id -> new ArrayList<>())
                        .addAll(seen.values());
            }
        }

        /** The counts of a dispatch that was closed, and the same, all the while. */
        private void compare(Dispatch dispatch, Tally tally) {
            if (tally.progress().isEmpty()
                    || tally.counts().equals(dispatch.progress().finishedCounts())) {
                return;
            }
            reads++;
            Optional<Dispatch> still = store.dispatch(run.runId(), dispatch.dispatchId());
            if (still.isPresent()
                    && still.get().closed()
                    && Tally.digest(still.get()).equals(tally.progress())) {
                add(
                        dispatch,
                        Violation.Kind.COUNTS_WRONG,
                        "It is closed with the counts " + dispatch.progress().finishedCounts()
                                + ", and its records are " + tally.counts() + ".");
            }
        }

        private void add(Dispatch dispatch, Violation.Kind kind, String evidence) {
            violations.add(new Violation(kind, null, dispatch.dispatchId(), evidence));
        }

        private static Position at(Dispatch dispatch, int index, Tally tally) {
            return new Position(dispatch.accepted().createdAt(), dispatch.dispatchId(), index, tally);
        }
    }

    /** Counts the steps of a dispatch, unless one of them does not count. */
    private static final class Counting implements AuditedSteps.Tally {
        private final String progress;
        private final SortedMap<StepState.Name, Integer> counts;
        private boolean countsAll = true;

        Counting(Tally from) {
            this.progress = from.progress();
            this.counts = new TreeMap<>(from.counts());
        }

        @Override
        public void add(StepState.@Nullable Name state) {
            if (state == null) {
                countsAll = false;
            } else {
                counts.merge(state, 1, Integer::sum);
            }
        }

        Tally tally() {
            return countsAll ? new Tally(progress, counts) : Tally.NONE;
        }
    }
}
