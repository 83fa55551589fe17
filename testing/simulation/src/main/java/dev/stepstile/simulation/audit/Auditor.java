package dev.stepstile.simulation.audit;

import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.Notifier.Notice;
import dev.stepstile.port.Notifier.Outcome;
import dev.stepstile.simulation.ports.Observer;
import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.simulation.ports.SimulatedPayloadStore;
import dev.stepstile.simulation.ports.SimulatedStepStore;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.Dispatcher;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a ledger of the effects that the ports accepted and has every one held against the guarantees, each kind of which
 * is a {@link Check}. It knows the states and the wire, and nothing of the code that decides.
 */
public final class Auditor implements Observer {
    private final Audit audit;
    private final Ledgers ledgers = new Ledgers();
    private final TakeOvers takeOvers;
    private final List<Check> checks;
    private final Map<String, StepId> inQueue = new HashMap<>();
    private final Map<StepState.Name, Integer> states = new EnumMap<>(StepState.Name.class);
    private int accepted;

    public Auditor(Audit audit, SimulatedStepStore store, SimulatedPayloadStore items, SimulatedPayloadStore objects) {
        this.audit = audit;
        this.takeOvers = new TakeOvers(audit, ledgers);
        StoredPayloads payloads = new StoredPayloads(audit, items, objects);
        this.checks = List.of(
                new StateChanges(audit),
                new StoredRules(audit),
                new Fences(audit),
                new AttemptHistory(audit),
                takeOvers,
                new RetryDelays(audit),
                new RetryRules(audit, ledgers),
                new StartDelays(audit, ledgers),
                new Deadlines(audit, ledgers),
                new Heartbeats(audit, ledgers),
                new HandlerStops(audit),
                new Beginnings(audit, ledgers),
                new RunsAlone(audit),
                new LogPageRules(audit, store),
                payloads,
                new Results(audit, payloads),
                new MessageOrder(audit, ledgers),
                new MessageGroups(audit, ledgers),
                new Acknowledgements(audit),
                new ParkedMessages(audit),
                new Strandings(audit, ledgers),
                new CancelDelays(audit, ledgers),
                new PauseBounds(audit),
                new Redrives(audit, ledgers),
                new DeadLetterDelays(audit, ledgers),
                new SweepDelays(audit),
                new Closings(audit),
                new Notifications(audit));
    }

    public static String shown(@Nullable StepRecord record) {
        return record == null ? "QUEUED" : record.state().name() + " at attempt " + record.attempt();
    }

    public List<Duration> recoveries() {
        return takeOvers.recoveries();
    }

    /** How many steps were accepted so far. */
    public int accepted() {
        return accepted;
    }

    /** How many records are in a state now. */
    public int records(StepState.Name state) {
        return states.getOrDefault(state, 0);
    }

    /** A client is going to hand over these steps. */
    public void asked(Dispatcher.Request request) {
        String dispatchId = request.dispatchId();
        if (dispatchId != null) {
            ledgers.run(request.runId()).asked(request, dispatchId);
        }
    }

    /** A client's cancel call was answered; to be called by the process that answers. */
    public void cancelAnswered(String runId, long asked) {
        each(check -> check.cancelAnswered(ledgers.run(runId), asked));
    }

    /** A client is going to cancel a run. */
    public void cancelAsked(String runId) {
        ledgers.run(runId).cancelAsked = true;
    }

    /** A client is going to cancel steps of a run. */
    public RunLedger.StepsCancel cancelAsked(String runId, Set<String> keys) {
        return ledgers.run(runId).cancelAsked(keys);
    }

    /** A client's call to cancel steps was answered, as complete; to be called by the process that answers. */
    public void stepsCancelAnswered(String runId, Set<String> keys, long asked) {
        each(check -> check.stepsCancelAnswered(ledgers.run(runId), keys, asked));
    }

    /** A client's redrive call was answered; to be called by the process that answers. */
    public void redriveAnswered(String runId, long asked) {
        each(check -> check.redriveAnswered(ledgers.run(runId), asked));
    }

    /** A client's call to pause, or to resume, was answered; to be called by the process that answers. */
    public void pauseAnswered(PauseScope scope, boolean paused) {
        audit.pauses().answered(scope, paused, audit.millis());
    }

    /** Some time has passed. */
    public void look() {
        each(check -> check.look(ledgers.all()));
    }

    /** The runs that have a ledger, to be concluded and forgotten. */
    public Collection<RunLedger> runs() {
        return ledgers.all();
    }

    public RunLedger run(String runId) {
        return ledgers.run(runId);
    }

    public void forget(RunLedger ledger) {
        ledgers.forget(ledger);
    }

    private void each(Consumer<Check> held) {
        checks.forEach(held);
    }

    /** Of what is written or sent now. */
    private RunLedger touched(String runId) {
        RunLedger ledger = ledgers.run(runId);
        ledger.touchedAt = audit.millis();
        return ledger;
    }

    private StepLedger ledger(StepId id) {
        return touched(id.runId()).step(id);
    }

    @Override
    public void runWritten(Run run) {
        RunLedger ledger = touched(run.runId());
        ledger.run = run;
        if (run.cancelled()) {
            ledger.cancelledAt = audit.millis();
            if (!ledger.cancelAsked) {
                audit.violated(run.runId(), "it was cancelled as a whole, and no client called for that");
            }
        }
    }

    @Override
    public void pauseWritten(Pause pause) {
        audit.pauses().written(pause, audit.millis());
    }

    @Override
    public void dispatchWritten(@Nullable Dispatch before, Dispatch after) {
        RunLedger ledger = touched(after.runId());
        each(check -> check.dispatchWritten(ledger, before, after));
        ledger.dispatches.put(after.dispatchId(), after);
        ledger.dispatchesAt.put(after.dispatchId(), audit.millis());
        if (before == null) {
            accepted += after.accepted().stepCount();
        }
    }

    @Override
    public void recordWritten(@Nullable StepRecord before, StepRecord after) {
        StepLedger ledger = ledger(after.id());
        StepState.Name was =
                before == null ? StepState.Name.QUEUED : before.state().name();
        states.merge(was, before == null ? 0 : -1, Integer::sum);
        states.merge(after.state().name(), 1, Integer::sum);
        each(check -> check.recordWritten(ledger, before, after));
        written(ledger, before, after);
    }

    private void written(StepLedger ledger, @Nullable StepRecord before, StepRecord after) {
        long now = audit.millis();
        boolean ended = before != null && before.state() instanceof StepState.Ended;
        if (Fences.claims(before, after)) {
            claimed(ledger, after);
        }
        switch (after.state()) {
            case StepState.Running running -> {
                boolean asked =
                        before != null && before.state() instanceof StepState.Running held && held.cancelRequested();
                if (running.cancelRequested() && !asked) {
                    ledger.flaggedAt = now;
                    ledger.flaggedBy = audit.caller();
                }
            }
            case StepState.Retrying _ -> {
                if (ended) {
                    ledger.redrivenAt = now;
                    ledger.budgetFrom = after.attempt();
                    ledger.redriver = audit.caller();
                }
            }
            case StepState.Succeeded _ -> ledger.results++;
            case StepState.Dead dead when dead.deadLetteredAt() == null -> ledger.died(after.attempt());
            case StepState.Dead _, StepState.Failed _, StepState.Cancelled _ -> {}
        }
        if (after.state() instanceof StepState.Ended && !ended) {
            ledger.endedAt = now;
        }
        ledger.last = after;
        ledger.writtenAt = audit.now();
    }

    private void claimed(StepLedger ledger, StepRecord after) {
        ledger.fence = Math.max(ledger.fence, after.attempt());
        ledger.owners = StepLedger.with(ledger.owners, after.owner());
        ledger.holder = audit.caller();
        ledger.returned = null;
        ledger.retryAfterMillis = 0; // of the attempt before
        ledger.lines = 0;
    }

    @Override
    public void told(Notice notice, Outcome outcome) {
        each(check -> check.told(notice, outcome));
    }

    @Override
    public void recordRefused(@Nullable StepRecord stored, StepRecord refused) {
        StepLedger ledger = ledgers.step(refused.id());
        each(check -> check.recordRefused(ledger, stored, refused));
    }

    @Override
    public void recordExpired(StepRecord record) {
        StepLedger ledger = ledger(record.id());
        ledger.last = null;
        ledger.expired = true;
        ledger.fence = 0; // the results that it had are not forgotten
        ledger.budgetFrom = 0;
    }

    @Override
    public void workerWritten(@Nullable WorkerRecord before, @Nullable WorkerRecord after) {
        WorkerRecord either = Objects.requireNonNull(after == null ? before : after);
        WorkerLedger ledger = ledgers.worker(either.id(), () -> new WorkerLedger(audit.caller(), audit.millis()));
        each(check -> check.workerWritten(ledger, before, after));
        ledger.item = after;
        if (after == null) {
            ledger.endedAt = audit.millis();
        } else if (before != null && after.beat() > before.beat()) {
            ledger.signAt = audit.millis();
        } else if (before != null && before.revokedAt() == null && after.revokedAt() != null) {
            ledger.revoked = before;
        }
    }

    @Override
    public void pageWritten(LogPage page) {
        StepLedger ledger = ledger(page.id());
        each(check -> check.pageWritten(ledger, page));
    }

    @Override
    public void workBegun(RunningHandler work) {
        StepLedger ledger = ledger(work.id);
        each(check -> check.workBegun(ledger, work));
        ledger.begins(work);
    }

    @Override
    public void workEnded(RunningHandler work, @Nullable String result) {
        StepLedger ledger = ledger(work.id);
        each(check -> check.workEnded(ledger, work, result));
        ledger.ends(work, result);
        if (work.attempt == ledger.fence) {
            ledger.workEndedAt = audit.millis();
        }
    }

    /** Of a message that leaves the queue; null if it is not ours. */
    private @Nullable StepId step(String body) {
        StepId known = inQueue.remove(body);
        return known == null ? decoded(body) : known;
    }

    private static @Nullable StepId decoded(String body) {
        return switch (MessageCodec.decode(body)) {
            case Decoded.Step(StepSpec spec) -> spec.id();
            case Decoded.MovedBack(StepSpec spec, int _) -> spec.id();
            case Decoded.NewerVersion _, Decoded.Unrecognised _ -> null;
        };
    }

    @Override
    public void messageSent(String group, String body) {
        switch (MessageCodec.decode(body)) {
            case Decoded.Step(StepSpec spec) -> {
                StepLedger ledger = sent(group, body, spec);
                each(check -> check.messageSent(ledger, spec));
                ledger.sends++;
                ledger.sentAt = audit.millis();
                ledger.sentBy = audit.caller();
                ledger.sentFor = spec.settings().dispatchId();
            }
            case Decoded.MovedBack(StepSpec spec, int _) -> sent(group, body, spec);
            case Decoded.NewerVersion _, Decoded.Unrecognised _ -> {}
        }
    }

    private StepLedger sent(String group, String body, StepSpec spec) {
        each(check -> check.messageQueued(spec, group));
        inQueue.put(body, spec.id());
        ledgers.run(spec.id().runId()).messages++;
        StepLedger ledger = ledger(spec.id());
        ledger.messages++;
        return ledger;
    }

    private @Nullable StepId left(String body) {
        StepId id = step(body);
        if (id != null) {
            ledger(id).messages--;
            ledgers.run(id.runId()).messages--;
        }
        return id;
    }

    @Override
    public void messageDeleted(String body) {
        StepId id = left(body);
        if (id != null) {
            each(check -> check.messageDeleted(ledgers.step(id), id));
        }
    }

    @Override
    public void messageLost(String body) {
        StepId id = left(body);
        if (id != null) {
            each(check -> check.messageLost(ledgers.step(id), id));
        }
    }

    @Override
    public void messageKept(String body, SimulatedProcess by, long since, long visibleAt) {
        StepId known = inQueue.get(body);
        StepId id = known == null ? decoded(body) : known;
        if (id != null) {
            each(check -> check.messageKept(ledgers.step(id), id, by, since, visibleAt));
        }
    }

    @Override
    public void batchAbandoned(List<String> bodies) {
        for (String body : bodies) {
            StepId known = inQueue.get(body);
            StepId id = known == null ? decoded(body) : known;
            if (id != null) {
                each(check -> check.messageAbandoned(ledgers.step(id), id));
            }
        }
    }

    @Override
    public void sized(String what, long size, long most) {
        if (size > most) {
            audit.violated(what, "its size is " + size + "; the service accepts at most " + most);
        }
    }

    @Override
    public void queueAsked(boolean showsMessages) {
        each(check -> check.queueAsked(showsMessages));
    }

    @Override
    public void deadLetterMarked(String body) {
        if (MessageCodec.decode(body) instanceof Decoded.MovedBack(StepSpec spec, int attempt)) {
            StepLedger ledger = ledger(spec.id());
            each(check -> check.deadLetterMarked(ledger, spec, attempt));
            ledger.deadLettered(attempt);
        }
    }

    @Override
    public void deadLetterTaken(String body) {
        if (MessageCodec.decode(body) instanceof Decoded.MovedBack(StepSpec spec, int attempt)) {
            ledger(spec.id()).takenOut(attempt);
        }
    }
}
