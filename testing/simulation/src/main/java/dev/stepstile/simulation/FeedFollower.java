package dev.stepstile.simulation;

import dev.stepstile.port.FeedEntry;
import dev.stepstile.simulation.audit.Auditor;
import dev.stepstile.simulation.audit.Findings;
import dev.stepstile.simulation.audit.RunLedger;
import dev.stepstile.simulation.audit.StepLedger;
import dev.stepstile.simulation.scheduler.SimulationFailed;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.RunQueries;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * An orchestrator that follows a run by the documented rules: it reads the feed in pages, each time from 15 s before its
 * cursor, and looks up what it misses. Whatever the feed should have told it by these rules and did not is a finding, and
 * so is an end that it never learns of, or an answer that the table does not bear out.
 */
final class FeedFollower {
    private static final Duration OVERLAP = Duration.ofSeconds(15);

    /** An index shows an entry so late at the most. */
    private static final Duration INDEX_LAG = Duration.ofSeconds(5);

    private static final long READ_EVERY_MILLIS = 5_000;
    private static final int READS_PER_LOOKUP = 6;
    private static final int PAGE = 7;
    private static final int MOST_PAGES = 100;
    private static final Duration AT_REST = Duration.ofSeconds(60);

    private final Simulation simulation;
    private final Findings findings;
    private final RunLedger ledger;
    private final Set<String> told = new HashSet<>();
    private final Set<String> lookedUp = new HashSet<>();
    private List<String> positions = List.of();

    FeedFollower(Simulation simulation, Findings findings, RunLedger ledger) {
        this.simulation = simulation;
        this.findings = findings;
        this.ledger = ledger;
    }

    void follow(Duration atMost) {
        Instant until = simulation.now().plus(atMost);
        int reads = 0;
        while (!restsForLong() && simulation.now().isBefore(until)) {
            reads++;
            readAll();
            if (reads % READS_PER_LOOKUP == 0) {
                simulation.ask(stepstile -> lookUp(stepstile.queries()));
            }
            simulation.scheduler().pause(READ_EVERY_MILLIS);
        }
        if (restsForLong()) {
            ledger.stepsByKey().forEach(this::known);
        }
    }

    private boolean restsForLong() {
        return ledger.run != null
                && ledger.atRest()
                && simulation.scheduler().millis() - ledger.touchedAt > AT_REST.toMillis();
    }

    private void readAll() {
        boolean more =
                simulation.ask(stepstile -> read(stepstile.queries(), true)).orElse(false);
        for (int page = 1; more && page < MOST_PAGES; page++) {
            more = simulation.ask(stepstile -> read(stepstile.queries(), false)).orElse(false);
        }
    }

    /** Whether there may be more. */
    private boolean read(RunQueries queries, boolean overlaps) {
        Optional<Run> run = queries.run(ledger.runId);
        if (run.isEmpty()) {
            return false;
        }
        RunQueries.Feed feed;
        try {
            feed = queries.feed(run.get(), overlaps ? earlier() : positions, PAGE);
        } catch (InterruptedException e) {
            throw new SimulationFailed("a reader of the feed was interrupted, and nobody does that", e);
        }
        for (FeedEntry entry : feed.entries()) {
            if (entry instanceof FeedEntry.Ended ended) {
                told.add(end(ended.stepKey(), ended.state(), ended.attempt()));
            }
        }
        positions = feed.positions();
        return !feed.caughtUp();
    }

    private List<String> earlier() {
        return positions.stream()
                .map(position -> position.isEmpty()
                        ? position
                        : FeedEntry.from(Instant.ofEpochMilli(Long.parseLong(position.substring(0, 13)))
                                .minus(OVERLAP)))
                .toList();
    }

    private boolean lookUp(RunQueries queries) {
        Optional<Run> run = queries.run(ledger.runId);
        if (run.isEmpty()) {
            return false;
        }
        List<String> missing = new ArrayList<>(new TreeSet<>(ledger.stepsByKey().keySet()));
        Map<String, StepRecord> before = new HashMap<>();
        missing.removeIf(key -> isKnown(key, ledger.step(new StepId(ledger.runId, key)), before));
        List<String> some = missing.subList(0, Math.min(missing.size(), 100));
        Instant asked = simulation.now();
        Set<String> answered = new HashSet<>();
        for (StepRecord record : queries.lookup(run.get(), some).found().values()) {
            StepLedger step = ledger.step(record.id());
            answered.add(record.id().stepKey());
            if (step.writtenAt.isBefore(asked) && !record.equals(step.last)) {
                findings.add(
                        record.id(),
                        "a lookup reports " + Auditor.shown(record) + " while it is " + Auditor.shown(step.last));
            }
            if (record.state() instanceof StepState.Ended ended) {
                lookedUp.add(end(record.id().stepKey(), ended.name(), record.attempt()));
            }
        }
        before.forEach((key, record) -> {
            if (some.contains(key) && !answered.contains(key)) {
                findings.add(record.id(), "a lookup does not report it");
            }
        });
        return true;
    }

    private boolean isKnown(String key, StepLedger step, Map<String, StepRecord> before) {
        StepRecord record = step.last;
        if (record != null) {
            before.put(key, record);
        }
        return record != null
                && record.state() instanceof StepState.Ended ended
                && told.contains(end(key, ended.name(), record.attempt()));
    }

    private void known(String key, StepLedger step) {
        StepRecord record = step.last;
        if (record == null || !(record.state() instanceof StepState.Ended ended)) {
            return;
        }
        String end = end(key, ended.name(), record.attempt());
        Duration late = Duration.between(ended.finishedAt(), Instant.ofEpochMilli(step.endedAt));
        boolean inTime = late.plus(INDEX_LAG).compareTo(OVERLAP) < 0;
        if (!told.contains(end) && inTime) {
            findings.add(record.id(), "the feed did not report its end to a reader that follows the rules");
        } else if (!told.contains(end) && !lookedUp.contains(end)) {
            findings.add(record.id(), "a reader that follows the rules never received its end");
        }
    }

    private static String end(String stepKey, StepState.Name state, int attempt) {
        return stepKey + " " + state + " " + attempt;
    }
}
