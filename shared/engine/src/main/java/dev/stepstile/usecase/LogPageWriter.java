package dev.stepstile.usecase;

import dev.stepstile.port.LogPage;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.StepId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An attempt's log on its way into the table, page by page. A page has at least one line. */
final class LogPageWriter {
    private static final Logger LOG = LoggerFactory.getLogger(LogPageWriter.class);
    private static final Duration EVERY = Duration.ofSeconds(5);

    private final StepStore store;
    private final EngineRuntime runtime;
    private final StepId id;
    private final int shard;
    private final int attempt;
    private final AttemptLog log;
    private Instant next;
    private int written;

    /** The current page. If its write failed, it may be stored all the same, so the same page is written again. */
    private List<String> unwritten = List.of();

    /** @param first when the first page is due */
    LogPageWriter(
            StepStore store, EngineRuntime runtime, StepId id, int shard, int attempt, AttemptLog log, Instant first) {
        this.store = store;
        this.runtime = runtime;
        this.id = id;
        this.shard = shard;
        this.attempt = attempt;
        this.log = log;
        this.next = first;
    }

    /** Writes a page if one is full, or if there is a line and the last page is old enough. */
    void tick(Instant now) {
        if (!now.isBefore(next) || log.full()) {
            take(false);
            if (!unwritten.isEmpty()) {
                next = now.plus(EVERY); // first: one that fails is tried again then
                write();
            }
        }
    }

    /** Writes the remaining pages and returns how many there are. Lines that cannot be written are lost. */
    int writeLast() {
        try {
            take(true);
            while (!unwritten.isEmpty()) {
                write();
                take(true);
            }
        } catch (PortException e) {
            LOG.warn("Step {}: the last lines of attempt {} are lost ({}).", id, attempt, e.getMessage());
        }
        return written;
    }

    /** How many were written until now. */
    int written() {
        return written;
    }

    private void take(boolean last) {
        if (unwritten.isEmpty()) {
            unwritten = log.takePage(last);
        }
    }

    private void write() {
        store.putPage(new LogPage(id, shard, attempt, written, runtime.now(), unwritten));
        unwritten = List.of();
        written++;
    }
}
