package dev.stepstile.usecase;

import dev.stepstile.codec.Json;
import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.StepId;
import dev.stepstile.usecase.AuditProgress.Again;
import dev.stepstile.usecase.AuditProgress.Failing;
import dev.stepstile.usecase.AuditProgress.Round;
import dev.stepstile.usecase.LiveAudit.Page;
import dev.stepstile.usecase.LiveAudit.Position;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Audits all runs, part by part: a call goes on where the one before ended. A round goes once through all runs that are kept,
 * the newest first; it looks at those that have an open dispatch, or one that was closed since the round before. What a call
 * finds is logged, a line for each violation, and counted; how far it came is kept in an item beside the records, written when
 * a call begins and when it ends. A call that dies has kept nothing: the next one begins where that one did. Two at once look
 * at the same and report it twice; the one that ends last says where it goes on. Nothing is left out either way. A run at which
 * three calls failed, one after another, holds up no other: the round passes over it, and the next one looks at all runs, so that
 * it is never taken for one that was looked at.
 */
public final class AuditRounds {
    /** Reads a second, on average over a call: a twelfth of what a new on-demand table takes. */
    static final int RATE = 1_000;

    /** So long before its deadline a call begins nothing more; a look takes about a second. */
    private static final Duration RESERVE = Duration.ofSeconds(3);

    /**
     * Between the clocks of those that close dispatches and audit, the times that a visit of the sweeper takes, and how far the
     * list of runs lags.
     */
    private static final Duration OVERLAP = Duration.ofMinutes(5);

    /** Beyond it, first looks wait: how far a call came must fit into an item. */
    private static final int MOST_SUSPECTS = 1_000;

    /** In so many calls, one after another, a look at a run fails before the round passes over it. */
    private static final int CALLS_AT_ONE = 3;

    private static final int RUNS_AT_ONCE = 100;
    private static final String KEY = "audit/progress";
    private static final Logger LOG = LoggerFactory.getLogger(AuditRounds.class);

    private final EngineParts parts;
    private final StepStore store;
    private final PayloadStore items;
    private final LiveAudit audit;

    AuditRounds(EngineParts parts) {
        this.parts = parts;
        this.store = parts.store();
        this.items = parts.ports().items();
        this.audit = new LiveAudit(parts);
    }

    /** A violation, and whose it is. */
    public record Found(String runId, Violation violation) {}

    /**
     * What was looked at, and what was not.
     *
     * @param runs that were looked at, or of which a part was
     * @param settled runs that were not, as nothing has happened since the round before
     * @param steps that were held against everything
     * @param unread payloads that were not looked at, as two reads a step were spent
     */
    public record Looked(int runs, int settled, int steps, int reads, int unread) {
        private static final Looked NOTHING = new Looked(0, 0, 0, 0, 0);

        /** @param first whether it is the first of its run in this call */
        private Looked plus(Page page, boolean first) {
            return new Looked(
                    runs + (first && !page.settled() ? 1 : 0),
                    settled + (page.settled() ? 1 : 0),
                    steps + page.checked(),
                    reads + page.reads(),
                    unread + page.unread());
        }

        private Looked read(int more) {
            return new Looked(runs, settled, steps, reads + more, unread);
        }
    }

    /**
     * What a call did.
     *
     * @param began when its round began; of runs that began later, the next round looks at
     * @param suspects steps that look wrong and are looked at once more by a later call
     * @param after behind which run, in the list of all, the next call goes on, or within which; null if the round is over
     */
    public record Report(
            Instant began,
            Looked looked,
            List<Found> violations,
            int suspects,
            @Nullable String after) {}

    /** What came of a call. */
    public sealed interface Answer {
        record Done(Report report) implements Answer {}

        /** Another call is at it, until then at the latest. */
        record UnderWay(Instant until) implements Answer {}
    }

    /**
     * Goes on with the round, or begins the next one if the last is over.
     *
     * @param deadline when the call must be over
     */
    public Answer audit(Instant deadline) throws InterruptedException {
        try {
            Answer answer = goOn(deadline);
            if (answer instanceof Answer.Done(Report report) && report.looked().reads() > 0) {
                parts.meter().add(Metric.AUDITS_COMPLETED);
            }
            return answer;
        } catch (RuntimeException e) {
            parts.meter().add(Metric.AUDITS_FAILED);
            LOG.error(
                    "This part of the audit of all runs failed, and the next goes on where it ended. What to do if each does:"
                            + " docs/operations.md, AuditAlarm.",
                    e);
            throw e;
        }
    }

    private Answer goOn(Instant deadline) throws InterruptedException {
        Instant now = parts.runtime().now();
        AuditProgress kept = kept(now);
        Instant held = kept.heldUntil();
        if (held != null && now.isBefore(held)) {
            return new Answer.UnderWay(held);
        }
        Call call = new Call(kept.in(begun(kept.round(), now)), now, deadline.minus(RESERVE));
        keep(kept.held(deadline));
        try {
            call.work();
        } finally { // also if the table does not answer for a while
            parts.meter().add(Metric.RUNS_AUDITED, call.looked.runs());
            parts.meter().add(Metric.STEPS_AUDITED, call.looked.steps());
            keep(call.progress);
        }
        Report report = call.report();
        log(report);
        return new Answer.Done(report);
    }

    private static Round begun(Round last, Instant now) {
        return last.over() ? last.next(now, OVERLAP) : last;
    }

    /** What is not kept any more, or by another version in another form, is begun anew: that leaves nothing out. */
    private AuditProgress kept(Instant now) {
        Optional<byte[]> bytes = items.get(KEY);
        if (bytes.isPresent()) {
            try {
                return AuditProgress.read(new String(bytes.get(), StandardCharsets.UTF_8));
            } catch (Json.BadJson e) {
                LOG.warn("How far the audit has come cannot be read ({}); it begins anew.", e.getMessage());
            }
        }
        return new AuditProgress(Round.first(now), List.of(), null, null);
    }

    private void keep(AuditProgress progress) {
        items.put(KEY, progress.write().getBytes(StandardCharsets.UTF_8));
    }

    private static void log(Report report) {
        Looked looked = report.looked();
        LOG.info(
                "Audited {} steps of {} runs in {} reads: {} violations, {} steps to be looked at again, {} payloads not looked"
                        + " at, {} runs as they were; {}.",
                looked.steps(),
                looked.runs(),
                looked.reads(),
                report.violations().size(),
                report.suspects(),
                looked.unread(),
                looked.settled(),
                report.after() == null
                        ? "the round that began at " + report.began() + " is over"
                        : "the next call goes on with the round of " + report.began() + " at run " + report.after());
    }

    /** One call's part of a round. */
    private final class Call {
        private final List<Found> violations = new ArrayList<>();
        private final Instant began;
        private final Instant end;
        private AuditProgress progress;
        private Looked looked = Looked.NOTHING;

        Call(AuditProgress progress, Instant began, Instant end) {
            this.progress = progress.held(null);
            this.began = began;
            this.end = end;
        }

        Report report() {
            Round round = progress.round();
            RunPosition after = round.after();
            String goesOn = round.over() ? null : after == null ? "" : after.runId();
            return new Report(round.began(), looked, violations, progress.suspects(), goesOn);
        }

        void work() throws InterruptedException {
            secondLooks();
            RunPosition unfinished =
                    progress.round().at() == null ? null : progress.round().after();
            if (unfinished != null) {
                look(unfinished);
            }
            boolean more = true;
            while (more && goesOn()) {
                List<RunPosition> runs = store.runs(progress.round().after(), RUNS_AT_ONCE);
                looked = looked.read(1);
                for (RunPosition run : runs) {
                    look(run);
                }
                more = runs.size() == RUNS_AT_ONCE;
                if (!more && goesOn() && progress.round().at() == null) {
                    progress = progress.in(progress.round().ended());
                }
            }
        }

        private boolean goesOn() {
            return parts.runtime().now().isBefore(end) && progress.suspects() <= MOST_SUSPECTS;
        }

        private void secondLooks() throws InterruptedException {
            List<Again> left = new ArrayList<>(progress.again());
            for (Again again : List.copyOf(left)) {
                if (!goesOn()) {
                    return;
                }
                if (again(again).filter(page -> page.again() != null).isEmpty()) {
                    left.remove(again);
                    progress = progress.with(left);
                }
            }
        }

        /** Empty if the run is gone, or can no longer be read, which its first look reports. */
        private Optional<Page> again(Again again) throws InterruptedException {
            Optional<Page> page;
            try {
                page = audit.lookAgain(again.runId(), again.look());
            } catch (DamagedData damaged) {
                return Optional.empty();
            } catch (RuntimeException e) {
                passOver(again.runId(), e);
                return Optional.empty();
            }
            page.ifPresent(answered -> {
                made(again.runId());
                found(again.runId(), answered.violations());
                looked = looked.read(answered.reads());
            });
            pace();
            return page;
        }

        /** Looks at a run, or at what is left of it, as far as there is time. */
        private void look(RunPosition run) throws InterruptedException {
            Position at =
                    run.equals(progress.round().after()) ? progress.round().at() : null;
            boolean first = true;
            while (goesOn()) {
                Optional<Page> page = page(run.runId(), at);
                if (page.isPresent()) {
                    made(run.runId());
                    took(run.runId(), page.get(), first);
                    first = false;
                }
                at = page.map(Page::next).orElse(null);
                progress = progress.in(progress.round().at(run, at));
                pace();
                if (at == null) {
                    return;
                }
            }
        }

        private void took(String runId, Page page, boolean first) {
            looked = looked.plus(page, first);
            found(runId, page.violations());
            if (page.again() != null) {
                List<Again> again = new ArrayList<>(progress.again());
                again.add(new Again(runId, page.again()));
                progress = progress.with(again);
            }
        }

        private Optional<Page> page(String runId, @Nullable Position at) throws InterruptedException {
            try {
                return audit.look(runId, at, progress.round().since());
            } catch (RuntimeException e) {
                passOver(runId, e);
                return Optional.empty();
            }
        }

        private void made(String runId) {
            if (progress.failuresOf(runId) > 0) {
                progress = progress.failing(null);
            }
        }

        /** Goes on without a run at which as many calls failed; until then, this call fails too. */
        private void passOver(String runId, RuntimeException e) {
            int failures = progress.failuresOf(runId) + 1;
            progress = progress.failing(new Failing(runId, failures));
            if (failures < CALLS_AT_ONE) {
                throw e;
            }
            progress = progress.failing(null).in(progress.round().passingOver());
            parts.meter().add(Metric.AUDITS_FAILED);
            try (LogContext.Scope _ = LogContext.of(runId).open()) {
                LOG.error(
                        "{} calls of the audit of all runs failed at run {}: this round goes on without the rest of it, and the"
                                + " next looks at it again. What to do: docs/operations.md, Audit of all runs.",
                        failures,
                        runId,
                        e);
            }
        }

        private void found(String runId, List<Violation> more) {
            for (Violation violation : more) {
                violations.add(new Found(runId, violation));
                parts.meter().add(Metric.AUDIT_VIOLATIONS);
                String key = violation.stepKey();
                LogContext context = key == null ? LogContext.of(runId) : LogContext.of(new StepId(runId, key), 0);
                try (LogContext.Scope _ = context.open();
                        LogContext.Word _ = LogContext.carrying(
                                "violation", violation.kind().name())) {
                    LOG.error(
                            "{} in dispatch {}: {} What to do: docs/operations.md, AuditViolationsAlarm.",
                            violation.kind(),
                            violation.dispatchId(),
                            violation.evidence());
                }
            }
        }

        /** Waits until so many reads may have been made. */
        private void pace() throws InterruptedException {
            Instant due = began.plusMillis(looked.reads() * 1_000L / RATE);
            if (parts.runtime().now().isBefore(due)) {
                parts.runtime().tasks().sleepUntil(due.isBefore(end) ? due : end);
            }
        }
    }
}
