package dev.stepstile.simulation;

import dev.stepstile.port.FeedEntry;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.RunQueries;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * An orchestrator that waits for steps to end by reading their run's feed. It is a second implementation beside the clients'
 * followers on purpose: it reads the use cases without HTTP, and the simplest reader that keeps the rules shows that the
 * rules suffice. Its times are those of the table in the wire contract by which the clients go too.
 */
final class FeedReader {
    private static final Duration OVERLAP = DocumentedTimes.of("overlap");
    private static final long READ_EVERY_MILLIS = 2_000;
    private static final int READS_PER_LOOKUP =
            (int) (DocumentedTimes.of("lookup every").toMillis() / READ_EVERY_MILLIS);

    private final TreeSet<String> missing;
    private final boolean overlaps;
    private final boolean looksUp;
    private List<String> positions = List.of();

    FeedReader(List<String> awaited, boolean overlaps, boolean looksUp) {
        this.missing = new TreeSet<>(awaited);
        this.overlaps = overlaps;
        this.looksUp = looksUp;
    }

    Set<String> missing() {
        return missing;
    }

    void read(Simulation simulation, Duration atMost) {
        Instant until = simulation.now().plus(atMost);
        for (int reads = 1; !missing.isEmpty() && simulation.now().isBefore(until); reads++) {
            simulation.ask(stepstile -> read(stepstile.queries()));
            if (looksUp && reads % READS_PER_LOOKUP == 0) {
                simulation.ask(stepstile -> lookUp(stepstile.queries()));
            }
            simulation.scheduler().pause(READ_EVERY_MILLIS);
        }
    }

    private boolean read(RunQueries queries) {
        Optional<Run> run = queries.run(Scenario.RUN);
        if (run.isEmpty()) {
            return false;
        }
        RunQueries.Feed feed;
        try {
            feed = queries.feed(run.get(), overlaps ? earlier(positions) : positions, 1_000);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        feed.entries().forEach(entry -> {
            if (entry instanceof FeedEntry.Ended ended) {
                missing.remove(ended.stepKey());
            }
        });
        positions = feed.positions();
        return true;
    }

    private boolean lookUp(RunQueries queries) {
        Run run = queries.run(Scenario.RUN).orElseThrow();
        queries.lookup(run, new ArrayList<>(missing)).found().values().forEach(record -> {
            if (record.state() instanceof StepState.Ended) {
                missing.remove(record.id().stepKey());
            }
        });
        return true;
    }

    /** What is stamped up to the overlap before each position is read again. */
    private static List<String> earlier(List<String> positions) {
        return positions.stream()
                .map(position -> position.isEmpty()
                        ? position
                        : FeedEntry.from(at(position).minus(OVERLAP)))
                .toList();
    }

    private static Instant at(String position) {
        return Instant.ofEpochMilli(Long.parseLong(position.substring(0, 13)));
    }
}
