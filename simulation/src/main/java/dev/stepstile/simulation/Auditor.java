package dev.stepstile.simulation;

import dev.stepstile.protocol.Dispatching;
import dev.stepstile.step.AttemptNote;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.store.FeedEntry;
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
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a ledger of the effects that the ports accepted and holds every one against the guarantees. It knows the states
 * and the wire, and nothing of the code that decides.
 */
final class Auditor implements Effects {
    /** Calls take their time, sweeps come late, and a function starts cold. */
    private static final Duration SLACK = Duration.ofSeconds(15);

    private static final int MOST_VIOLATIONS = 20;

    /** What may follow what; null stands for no record. */
    private static final Map<StepState.Name, Set<StepState.Name>> MAY_FOLLOW = mayFollow();

    private final Scheduler scheduler;
    private final Stage stage;
    private final boolean bounded;
    private final Map<StepId, StepLedger> steps = new HashMap<>();
    private final Map<String, StepId> inQueue = new HashMap<>();
    private final Map<String, Run> runs = new HashMap<>();
    private final Map<String, Long> cancelledAt = new HashMap<>();
    private final Map<String, List<StepId>> asked = new TreeMap<>();
    private final Map<String, Dispatch> dispatches = new TreeMap<>();
    private final List<String> violations = new ArrayList<>();
    private final List<Duration> recoveries = new ArrayList<>();

    /** @param bounded whether sweeps come often enough for recovery to be bounded */
    Auditor(Scheduler scheduler, Stage stage, boolean bounded) {
        this.scheduler = scheduler;
        this.stage = stage;
        this.bounded = bounded;
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

    List<String> violations() {
        return List.copyOf(violations);
    }

    List<Duration> recoveries() {
        return List.copyOf(recoveries);
    }

    private void violated(Object what, String why) {
        if (violations.size() < MOST_VIOLATIONS) {
            Duration at = Duration.between(Scheduler.START, scheduler.now());
            violations.add(what + ": " + why + " (at " + at + ")");
        }
    }

    /** A client is going to hand over these steps. */
    void asked(Dispatching.Request request) {
        asked.put(
                request.runId() + "/" + request.dispatchId(),
                request.steps().stream()
                        .map(step -> new StepId(request.runId(), step.key()))
                        .toList());
    }

    private StepLedger ledger(StepId id) {
        return steps.computeIfAbsent(id, key -> new StepLedger());
    }

    @Override
    public void runWritten(Run run) {
        runs.put(run.runId(), run);
        if (run.cancelled()) {
            cancelledAt.put(run.runId(), scheduler.millis());
        }
    }

    @Override
    public void dispatchWritten(@Nullable Dispatch before, Dispatch after) {
        String name = after.runId() + "/" + after.dispatchId();
        dispatches.put(name, after);
        if (after.closed()) {
            for (StepId id : asked.getOrDefault(name, List.of())) {
                StepRecord record = ledger(id).last;
                if (record == null || !(record.state() instanceof StepState.Ended)) {
                    violated(id, "its dispatch was closed while it was " + shown(record));
                } else if (record.state() instanceof StepState.Dead dead && dead.buriedAt() == null) {
                    violated(id, "its dispatch was closed while it was not buried");
                }
            }
        }
    }

    @Override
    public void recordWritten(@Nullable StepRecord before, StepRecord after) {
        StepLedger ledger = ledger(after.id());
        StepState.Name was =
                before == null ? StepState.Name.QUEUED : before.state().name();
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
            followed(before, after, claimed);
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
    }

    private void claimed(StepLedger ledger, StepRecord after) {
        if (after.attempt() != ledger.fence + 1) {
            violated(after.id(), "attempt " + after.attempt() + " was claimed after attempt " + ledger.fence);
        }
        ledger.fence = Math.max(ledger.fence, after.attempt());
        if (after.attempt() - after.budgetFrom() > after.pinned().retry().maxAttempts()) {
            violated(after.id(), "attempt " + after.attempt() + " is beyond its budget");
        }
        Run run = runs.get(after.id().runId());
        Long cancelled = cancelledAt.get(after.id().runId());
        if (bounded && run != null && cancelled != null && after.cancelSeq() < run.cancelSeq()) {
            if (scheduler.millis() > cancelled + twoSweeps().toMillis()) {
                violated(after.id(), "attempt " + after.attempt() + " was started long after the run was cancelled");
            }
        }
    }

    private Duration twoSweeps() {
        return stage.timing().sweepEvery().multipliedBy(2).plus(SLACK).plus(stage.maxSkew());
    }

    private void followed(StepRecord before, StepRecord after, boolean claimed) {
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
            takenOver(running, after);
        }
    }

    private void redriven(StepRecord before, StepRecord after) {
        if (after.attempt() != before.attempt() || after.budgetFrom() != before.attempt()) {
            violated(after.id(), "a redrive must keep the fence and begin a budget at it");
        }
        Dispatch dispatch =
                dispatches.get(after.id().runId() + "/" + after.pinned().dispatchId());
        if (dispatch == null || dispatch.closed()) {
            violated(after.id(), "it was redriven while its dispatch was closed");
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

    private void takenOver(StepState.Running running, StepRecord after) {
        Instant over = running.leaseUntil().plus(stage.timing().margin());
        Instant now = scheduler.now();
        if (now.plus(stage.maxSkew().multipliedBy(2)).isBefore(over)) {
            violated(after.id(), "it was taken from an owner whose lease ran until " + running.leaseUntil());
        }
        if (bounded && now.isAfter(over.plus(twoSweeps()).plus(stage.maxSkew()))) {
            violated(
                    after.id(), "its lost worker was noticed only " + Duration.between(over, now) + " after its lease");
        }
        Instant heard = running.leaseUntil().minus(stage.timing().lease());
        recoveries.add(Duration.between(heard, now));
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
        if (dead.buriedAt() == null) {
            ledger.died(after.attempt());
        } else if (!ledger.letters.contains(after.attempt())) {
            violated(after.id(), "it is marked as buried, and no letter names attempt " + after.attempt());
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
        }
    }

    @Override
    public void messageDeleted(String body, int receives) {
        StepId id = step(body);
        if (id == null) {
            return;
        }
        StepLedger ledger = ledger(id);
        ledger.messages--;
        StepRecord record = ledger.last;
        if (record == null) {
            violated(id, "a message was acknowledged before anything was recorded");
        } else if (record.state() instanceof StepState.Retrying(Instant notBefore)
                && ledger.messages == 0
                && receives == 1 // else another worker held it too, and rightly left the step to the first one
                && failedByItself(record)
                && notBefore.isBefore(scheduler.now().plus(Duration.ofHours(11)))) {
            violated(id, "its last message was acknowledged while it waits to be tried again");
        }
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
            ledger(id).messages--;
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

    /** Holds what is there in the end against what was accepted. */
    void conclude(SimulatedStepStore store, SimulatedQueue queue) {
        if (!queue.empty()) {
            violated("queue", queue.size() + " messages were never deleted");
        }
        Map<String, Integer> told = told(store);
        for (Map.Entry<String, Dispatch> entry : dispatches.entrySet()) {
            Dispatch dispatch = entry.getValue();
            if (!dispatch.closed()) {
                violated(entry.getKey(), "it is still open");
            }
            for (StepId id : asked.getOrDefault(entry.getKey(), List.of())) {
                concluded(id, store.find(id, Shards.of(id.stepKey(), dispatch.shards())), told);
            }
        }
    }

    /** How often the feeds tell each end of a step. */
    private Map<String, Integer> told(SimulatedStepStore store) {
        Map<String, Integer> told = new HashMap<>();
        for (Run run : runs.values()) {
            for (int shard = 0; shard < run.shards(); shard++) {
                for (FeedEntry entry : store.feedOf(run.runId(), shard)) {
                    if (entry instanceof FeedEntry.Ended ended) {
                        StepId id = new StepId(run.runId(), ended.stepKey());
                        told.merge(end(id, ended.state(), ended.attempt()), 1, Integer::sum);
                    }
                }
            }
        }
        return told;
    }

    private static String end(StepId id, StepState.Name state, int attempt) {
        return id + " " + state + " " + attempt;
    }

    private void concluded(StepId id, @Nullable StepRecord stored, Map<String, Integer> told) {
        StepLedger ledger = ledger(id);
        StepRecord record = ledger.last;
        if (record == null || !(record.state() instanceof StepState.Ended ended)) {
            violated(id, "in the end it is " + shown(record));
            return;
        }
        if (ended instanceof StepState.Dead && !ledger.letters.contains(record.attempt())) {
            violated(id, "it is dead and no letter says so");
        }
        int times = told.getOrDefault(end(id, ended.name(), record.attempt()), 0);
        if (stored != null && times != 1) {
            violated(id, "the feed tells its end " + times + " times");
        }
    }

    private static String shown(@Nullable StepRecord record) {
        return record == null ? "QUEUED" : record.state().name() + " at attempt " + record.attempt();
    }
}
