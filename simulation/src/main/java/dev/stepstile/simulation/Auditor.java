package dev.stepstile.simulation;

import dev.stepstile.protocol.Dispatching;
import dev.stepstile.step.AttemptNote;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.store.LogPage;
import dev.stepstile.wire.StepMessages;
import dev.stepstile.wire.StepMessages.Decoded;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a ledger of the effects that the ports accepted and holds every one against the guarantees. It knows the states
 * and the wire, and nothing of the code that decides.
 */
final class Auditor implements Effects {
    /** Calls take their time, sweeps come late, and a function starts cold. */
    private static final Duration SLACK = Duration.ofSeconds(15);

    /** Causes that may be tried again, so that only the last attempt dies of them. */
    private static final Set<StepError.Kind> EXHAUSTED =
            EnumSet.of(StepError.Kind.HANDLER_FAILED, StepError.Kind.TIMEOUT, StepError.Kind.WORKER_LOST);

    /** What may follow what; null stands for no record. */
    private static final Map<StepState.Name, Set<StepState.Name>> MAY_FOLLOW = mayFollow();

    private final Scheduler scheduler;
    private final Stage stage;
    private final boolean bounded;
    private final Findings findings;
    private final SortedMap<String, RunLedger> runs = new TreeMap<>();
    private final Map<String, StepId> inQueue = new HashMap<>();
    private final Map<StepState.Name, Integer> states = new EnumMap<>(StepState.Name.class);
    private final List<Duration> recoveries = new ArrayList<>();
    private int accepted;

    /** @param bounded whether sweeps come often enough for recovery to be bounded */
    Auditor(Scheduler scheduler, Stage stage, boolean bounded, Findings findings) {
        this.scheduler = scheduler;
        this.stage = stage;
        this.bounded = bounded;
        this.findings = findings;
    }

    private static Map<StepState.Name, Set<StepState.Name>> mayFollow() {
        Map<StepState.Name, Set<StepState.Name>> map = new EnumMap<>(StepState.Name.class);
        map.put(
                StepState.Name.QUEUED,
                EnumSet.of(StepState.Name.RUNNING, StepState.Name.CANCELLED, StepState.Name.DEAD));
        Set<StepState.Name> afterRunning = EnumSet.allOf(StepState.Name.class);
        afterRunning.remove(StepState.Name.QUEUED);
        map.put(StepState.Name.RUNNING, afterRunning);
        map.put(
                StepState.Name.RETRYING,
                EnumSet.of(StepState.Name.RUNNING, StepState.Name.CANCELLED, StepState.Name.DEAD));
        map.put(StepState.Name.SUCCEEDED, EnumSet.noneOf(StepState.Name.class));
        map.put(StepState.Name.FAILED, EnumSet.of(StepState.Name.RETRYING));
        map.put(StepState.Name.DEAD, EnumSet.of(StepState.Name.RETRYING, StepState.Name.DEAD));
        map.put(StepState.Name.CANCELLED, EnumSet.of(StepState.Name.RETRYING));
        return map;
    }

    List<Duration> recoveries() {
        return List.copyOf(recoveries);
    }

    /** How many steps were accepted so far. */
    int accepted() {
        return accepted;
    }

    /** How many records are in a state now. */
    int records(StepState.Name state) {
        return states.getOrDefault(state, 0);
    }

    private void violated(Object what, String why) {
        findings.add(what, why);
    }

    /** A client is going to hand over these steps. */
    void asked(Dispatching.Request request) {
        String dispatchId = request.dispatchId();
        if (dispatchId != null) {
            run(request.runId()).asked(request, dispatchId);
        }
    }

    private RunLedger run(String runId) {
        return runs.computeIfAbsent(runId, RunLedger::new);
    }

    /** Of what is written or sent now. */
    private RunLedger touched(String runId) {
        RunLedger ledger = run(runId);
        ledger.touchedAt = scheduler.millis();
        return ledger;
    }

    private StepLedger ledger(StepId id) {
        return touched(id.runId()).step(id);
    }

    /** The runs that have a ledger, to be concluded and forgotten. */
    List<RunLedger> runs() {
        return List.copyOf(runs.values());
    }

    void forget(RunLedger ledger) {
        runs.remove(ledger.runId);
    }

    @Override
    public void runWritten(Run run) {
        RunLedger ledger = touched(run.runId());
        ledger.run = run;
        if (run.cancelled()) {
            ledger.cancelledAt = scheduler.millis();
        }
    }

    @Override
    public void dispatchWritten(@Nullable Dispatch before, Dispatch after) {
        RunLedger ledger = touched(after.runId());
        ledger.dispatches.put(after.dispatchId(), after);
        if (before == null) {
            accepted += after.stepCount();
        }
        if (after.closed()) {
            for (StepId id : ledger.asked.getOrDefault(after.dispatchId(), List.of())) {
                StepRecord record = ledger.step(id).last;
                if (drivenByAnother(ledger, after, record)) {
                    continue;
                }
                if (record == null || !(record.state() instanceof StepState.Ended)) {
                    violated(id, "its dispatch was closed while it was " + shown(record));
                } else if (record.state() instanceof StepState.Dead dead && dead.buriedAt() == null) {
                    violated(id, "its dispatch was closed while it was not buried");
                }
            }
        }
    }

    /**
     * A step of two dispatches is driven by the one that its record names, to whose end it is held. The other one may have
     * seen it end before it was redriven.
     */
    private static boolean drivenByAnother(RunLedger ledger, Dispatch closed, @Nullable StepRecord record) {
        if (record == null || record.pinned().dispatchId().equals(closed.dispatchId())) {
            return false;
        }
        Dispatch driver = ledger.dispatches.get(record.pinned().dispatchId());
        return driver != null && !driver.closed();
    }

    @Override
    public void recordWritten(@Nullable StepRecord before, StepRecord after) {
        StepLedger ledger = ledger(after.id());
        StepState.Name was =
                before == null ? StepState.Name.QUEUED : before.state().name();
        states.merge(was, before == null ? 0 : -1, Integer::sum);
        states.merge(after.state().name(), 1, Integer::sum);
        if (!MAY_FOLLOW.getOrDefault(was, Set.of()).contains(after.state().name())) {
            violated(after.id(), shown(before) + " was followed by " + shown(after));
        }
        boolean claimed = after.state() instanceof StepState.Running
                && (before == null || !before.owner().equals(after.owner()));
        if (claimed) {
            claimed(ledger, after);
        } else if (after.attempt() != ledger.fence) {
            violated(
                    after.id(), "attempt " + after.attempt() + " wrote after attempt " + ledger.fence + " had claimed");
        }
        if (before != null) {
            followed(ledger, before, after, claimed);
        }
        switch (after.state()) {
            case StepState.Succeeded succeeded -> succeeded(ledger, after, succeeded);
            case StepState.Dead dead -> died(ledger, after, dead);
            case StepState.Running running -> {}
            case StepState.Retrying retrying -> {}
            case StepState.Failed failed -> {}
            case StepState.Cancelled cancelled -> {}
        }
        ledger.last = after;
        ledger.writtenAt = scheduler.now();
    }

    private void claimed(StepLedger ledger, StepRecord after) {
        if (after.attempt() != ledger.fence + 1) {
            violated(after.id(), "attempt " + after.attempt() + " was claimed after attempt " + ledger.fence);
        }
        ledger.fence = Math.max(ledger.fence, after.attempt());
        if (after.attempt() - after.budgetFrom() > after.pinned().retry().maxAttempts()) {
            violated(after.id(), "attempt " + after.attempt() + " is beyond its budget");
        }
        RunLedger runLedger = run(after.id().runId());
        Run run = runLedger.run;
        if (bounded
                && run != null
                && after.cancelSeq() < run.cancelSeq()
                && scheduler.millis() > runLedger.cancelledAt + twoSweeps().toMillis()) {
            violated(after.id(), "attempt " + after.attempt() + " was started long after the run was cancelled");
        }
    }

    private Duration twoSweeps() {
        return stage.timing().sweepEvery().multipliedBy(2).plus(SLACK).plus(stage.maxSkew());
    }

    private void followed(StepLedger ledger, StepRecord before, StepRecord after, boolean claimed) {
        if (!before.pinned().equals(after.pinned())) {
            violated(after.id(), "what its first claim pinned was changed");
        }
        if (after.cancelSeq() < before.cancelSeq()) {
            violated(after.id(), "its cancel number fell from " + before.cancelSeq() + " to " + after.cancelSeq());
        }
        if (before.state() instanceof StepState.Ended && after.state() instanceof StepState.Retrying) {
            redriven(before, after);
        }
        if (before.state() instanceof StepState.Running running && (claimed || lostWorker(before, after))) {
            takenOver(ledger, before, running, after);
        }
    }

    private void redriven(StepRecord before, StepRecord after) {
        if (after.attempt() != before.attempt() || after.budgetFrom() != before.attempt()) {
            violated(after.id(), "a redrive must keep the fence and begin a budget at it");
        }
        Dispatch dispatch =
                run(after.id().runId()).dispatches.get(after.pinned().dispatchId());
        if (dispatch == null || dispatch.closed()) {
            violated(after.id(), "it was redriven while its dispatch was closed");
        } else if (dispatch.finished().toBitSet().get(after.pinned().index())) {
            violated(after.id(), "it was redriven while its dispatch has it for finished");
        }
    }

    private static boolean lostWorker(StepRecord before, StepRecord after) {
        if (after.history().isEmpty()) {
            return false;
        }
        AttemptNote note = after.history().getLast();
        return note.attempt() == before.attempt()
                && note.cause() == StepError.Kind.WORKER_LOST
                && !before.history().contains(note);
    }

    private void takenOver(StepLedger ledger, StepRecord before, StepState.Running running, StepRecord after) {
        if (workedUndisturbed(ledger, before)) {
            violated(after.id(), "it was taken from a worker that works and that nothing disturbed");
        }
        Instant over = running.leaseUntil().plus(stage.timing().margin());
        Instant now = scheduler.now();
        if (now.plus(stage.maxSkew().multipliedBy(2)).isBefore(over)) {
            violated(after.id(), "it was taken from an owner whose lease ran until " + running.leaseUntil());
        }
        boolean overWhenWritten = ledger.writtenAt.isAfter(over); // a call that stood still
        Instant mayBeSeen = overWhenWritten ? ledger.writtenAt : over;
        if (bounded && now.isAfter(mayBeSeen.plus(twoSweeps()).plus(stage.maxSkew()))) {
            violated(
                    after.id(),
                    "its lost worker was noticed only " + Duration.between(mayBeSeen, now) + " after its lease");
        }
        Instant heard = overWhenWritten
                ? ledger.writtenAt
                : running.leaseUntil().minus(stage.timing().lease());
        recoveries.add(Duration.between(heard, now));
    }

    /** Since it decided to claim, which a pause may have kept from the table for longer than the lease. */
    private boolean workedUndisturbed(StepLedger ledger, StepRecord record) {
        SimulatedProcess worker = ledger.worker;
        Instant claimed = record.startedAt();
        Duration clocks = stage.maxSkew().multipliedBy(2);
        return worker != null
                && claimed != null
                && ledger.workingAt == record.attempt()
                && clocks.compareTo(stage.timing().margin()) < 0
                && worker.undisturbedSince(claimed.minus(clocks).toEpochMilli());
    }

    private void succeeded(StepLedger ledger, StepRecord after, StepState.Succeeded state) {
        ledger.results++;
        if (ledger.results > 1) {
            violated(after.id(), "result number " + ledger.results + " was recorded");
        }
        if (state.result() instanceof Payload.Inline(String json)
                && json.contains(SimulatedHandler.RESULT_MARK)
                && !json.startsWith("{\"attempt\":" + after.attempt() + ",")) {
            violated(after.id(), "attempt " + after.attempt() + " was credited with another's result " + json);
        }
    }

    private void died(StepLedger ledger, StepRecord after, StepState.Dead dead) {
        if (EXHAUSTED.contains(dead.error().kind()) && after.budgetLeft()) {
            violated(after.id(), "it died of " + dead.error().kind() + " with attempts left");
        }
        if (dead.buriedAt() == null) {
            ledger.died(after.attempt());
        } else if (!ledger.lettersSent.contains(after.attempt())) {
            violated(after.id(), "it is marked as buried, and no letter ever named attempt " + after.attempt());
        }
    }

    @Override
    public void recordExpired(StepRecord record) {
        StepLedger ledger = ledger(record.id());
        ledger.last = null;
        ledger.fence = 0; // the results that it had are not forgotten
    }

    @Override
    public void pageWritten(LogPage page) {
        if (page.lines().stream().anyMatch(line -> line.contains(SimulatedHandler.RESULT_MARK))) {
            violated(page.id(), "a page of attempt " + page.attempt() + " tells a result before it is recorded");
        }
    }

    @Override
    public void workBegun(StepId id, int attempt, SimulatedProcess by) {
        StepLedger ledger = ledger(id);
        if (ledger.began.contains(attempt)) {
            violated(id, "attempt " + attempt + " began to work twice");
        }
        if (attempt > ledger.fence) {
            violated(id, "attempt " + attempt + " began to work and was never claimed");
        }
        ledger.begins(attempt, by);
    }

    @Override
    public void workEnded(StepId id, SimulatedProcess by) {
        ledger(id).ends(by);
    }

    /** Which step a message is for; null if it is not ours. */
    private static @Nullable StepId decoded(String body) {
        return switch (StepMessages.decode(body)) {
            case Decoded.Step(var spec) -> spec.id();
            case Decoded.MovedBack(var spec, int attempt) -> spec.id();
            case Decoded.NewerVersion newer -> null;
            case Decoded.NotOurs notOurs -> null;
        };
    }

    /** Of a message that leaves the queue. */
    private @Nullable StepId step(String body) {
        StepId known = inQueue.remove(body);
        return known == null ? decoded(body) : known;
    }

    @Override
    public void messageSent(String body) {
        StepId id = decoded(body);
        if (id != null) {
            inQueue.put(body, id);
            ledger(id).messages++;
            run(id.runId()).messages++;
        }
    }

    @Override
    public void messageDeleted(String body) {
        StepId id = step(body);
        if (id == null) {
            return;
        }
        StepLedger ledger = left(id);
        StepRecord record = ledger.last;
        if (record == null) {
            violated(id, "a message was acknowledged before anything was recorded");
        } else if (ledger.messages == 0 && record.state() instanceof StepState.Running) {
            violated(id, "its last message was acknowledged while it runs, and nothing is left to wake it by");
        } else if (ledger.messages == 0
                && record.state() instanceof StepState.Retrying(Instant notBefore)
                && failedByItself(record)
                && notBefore.isBefore(scheduler.now().plus(Duration.ofHours(11)))) {
            violated(id, "its last message was acknowledged while it waits to be tried again");
        }
    }

    private StepLedger left(StepId id) {
        StepLedger ledger = ledger(id);
        ledger.messages--;
        run(id.runId()).messages--;
        return ledger;
    }

    /** Not by a sweep or a redrive, which send a message next. */
    private static boolean failedByItself(StepRecord record) {
        return record.attempt() > record.budgetFrom()
                && !record.history().isEmpty()
                && record.history().getLast().cause() != StepError.Kind.WORKER_LOST;
    }

    @Override
    public void messageLost(String body) {
        StepId id = step(body);
        if (id != null) {
            left(id);
        }
    }

    @Override
    public void letterBuried(String body) {
        if (StepMessages.decode(body) instanceof Decoded.MovedBack(var spec, int attempt)) {
            StepLedger ledger = ledger(spec.id());
            if (!ledger.deadAt.contains(attempt)) {
                violated(spec.id(), "it was buried and never died at attempt " + attempt);
            }
            ledger.buried(attempt);
        }
    }

    @Override
    public void letterTaken(String body) {
        if (StepMessages.decode(body) instanceof Decoded.MovedBack(var spec, int attempt)) {
            ledger(spec.id()).takenOut(attempt);
        }
    }

    static String shown(@Nullable StepRecord record) {
        return record == null ? "QUEUED" : record.state().name() + " at attempt " + record.attempt();
    }
}
