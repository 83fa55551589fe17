package dev.stepstile.usecase;

import dev.stepstile.codec.RecordCodec;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Retention;
import dev.stepstile.step.Run;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Holds some steps of one dispatch against its item, its manifest, the feed and the payloads, as they are read now. */
final class AuditedSteps {
    private static final String NO_RECORD = "--------";

    private final EngineParts parts;
    private final StepStore store;
    private final Run run;
    private final Dispatch dispatch;
    private final Set<String> dispatchIds;
    private final ManifestReader manifests;
    private final Instant now;
    private final BitSet finished;
    private int reads;
    private int unread;

    /** @param dispatchIds of all dispatches of the run */
    AuditedSteps(EngineParts parts, Run run, Dispatch dispatch, Set<String> dispatchIds, ManifestReader manifests) {
        this.parts = parts;
        this.store = parts.store();
        this.run = run;
        this.dispatch = dispatch;
        this.dispatchIds = dispatchIds;
        this.manifests = manifests;
        this.now = parts.runtime().now();
        this.finished = dispatch.progress().finished().toBitSet();
    }

    /**
     * Something that is wrong by one look.
     *
     * @param index of the step in the manifest
     * @param seen a digest of its record: that is unchanged as long as this is
     */
    record Finding(int index, String seen, Violation violation) {}

    /** How the steps stand, for the counts of their dispatch. */
    interface Tally {
        /** @param state null if the step does not count: its record is missing, damaged, or of another dispatch */
        void add(StepState.@Nullable Name state);
    }

    /** How many were made since this was asked. */
    int takeReads() {
        int taken = reads;
        reads = 0;
        return taken;
    }

    /** How many payloads, and ends in the feed, were not looked at since this was asked, as there was no room. */
    int takeUnread() {
        int taken = unread;
        unread = 0;
        return taken;
    }

    /** A first look. */
    List<Finding> look(List<StepSpec> steps, AuditAllowance allowance, Tally tally) throws InterruptedException {
        allowance.add(steps.size());
        List<PayloadLook.Needed> needed = new ArrayList<>();
        Looked looked = look(steps, needed, tally);
        if (!isKept()) {
            needed.clear();
        }
        Set<Payload> distinct = new LinkedHashSet<>();
        needed.forEach(each -> distinct.add(each.payload()));
        allowance.spend(feed(steps, looked, allowance.forFeed(distinct.size())));
        allowance.spend(payloads(List.copyOf(distinct), allowance.forPayloads(), needed, looked));
        return looked.findings();
    }

    /** A second look at what may be reported by no first one: payloads are none of it. */
    List<Finding> lookAgain(List<StepSpec> steps) throws InterruptedException {
        Looked looked = look(steps, new ArrayList<>(), state -> {});
        feed(steps, looked, Integer.MAX_VALUE);
        return looked.findings();
    }

    private record Looked(Records records, List<StepRecord> ended, List<Finding> findings) {}

    /** At the records, and what they need. */
    private Looked look(List<StepSpec> steps, List<PayloadLook.Needed> needed, Tally tally)
            throws InterruptedException {
        List<Finding> findings = new ArrayList<>();
        Records records = manifests.records(steps);
        reads += steps.size() + (records.damaged().isEmpty() ? 0 : inDamagedBatches(steps, records));
        List<StepRecord> ended = new ArrayList<>();
        for (StepSpec spec : steps) {
            String damage = records.damaged().get(spec.id().stepKey());
            StepRecord record = records.of(spec.id().stepKey());
            StepRecord own = record != null && AuditRules.isOf(spec, record) ? record : null;
            tally.add(own == null ? null : own.state().name());
            if (damage != null) {
                add(findings, spec, null, Violation.Kind.RECORD_DAMAGED, damage);
            } else {
                judge(spec, record, findings);
                needed.addAll(PayloadLook.of(spec, own));
            }
            if (own != null && own.state() instanceof StepState.Ended) {
                ended.add(own);
            }
        }
        return new Looked(records, ended, findings);
    }

    /** A batch with a damaged record is read again, one by one. */
    private static int inDamagedBatches(List<StepSpec> steps, Records records) {
        int again = 0;
        for (int from = 0; from < steps.size(); from += Limits.LOOKUP_KEYS) {
            List<StepSpec> batch = steps.subList(from, Math.min(steps.size(), from + Limits.LOOKUP_KEYS));
            again += batch.stream().anyMatch(spec -> records.isDamaged(spec.id().stepKey())) ? batch.size() : 0;
        }
        return again;
    }

    private void judge(StepSpec spec, @Nullable StepRecord record, List<Finding> findings) {
        if (record != null) {
            String misplaced = AuditRules.ofPlace(spec, record);
            if (misplaced != null) {
                add(findings, spec, record, Violation.Kind.RECORD_MISPLACED, misplaced);
                return;
            }
            AuditRules.ofAttempts(record)
                    .forEach(wrong -> add(findings, spec, record, Violation.Kind.ATTEMPTS_IMPOSSIBLE, wrong));
            judgeAgainstRun(spec, record, findings);
        }
        boolean counted = dispatch.closed() || finished.get(spec.settings().index());
        Violation.@Nullable Kind kind = counted ? AuditRules.ofCounted(record) : null;
        boolean driven = record == null ? isKept() : AuditRules.isOf(spec, record);
        if (kind != null && driven) {
            String is = record == null
                    ? "it has no record."
                    : "it is " + record.state().name() + " at attempt " + record.attempt()
                            + (kind == Violation.Kind.STEP_OPEN ? "." : ", not marked as dead-lettered.");
            add(
                    findings,
                    spec,
                    record,
                    kind,
                    (dispatch.closed() ? "Its dispatch is closed, and " : "Its dispatch counts it as ended, and ")
                            + is);
        }
    }

    private void judgeAgainstRun(StepSpec spec, StepRecord record, List<Finding> findings) {
        if (record.cancelSeq() > run.cancelSeq()) {
            add(
                    findings,
                    spec,
                    record,
                    Violation.Kind.CANCEL_UNKNOWN,
                    "It has answered cancel " + record.cancelSeq() + ", and its run has had " + run.cancelSeq() + ".");
        }
        String driver = record.settings().dispatchId();
        boolean kept = !store.deletesByAge() || now.isBefore(record.createdAt().plus(Retention.SPARE));
        if (kept && !dispatchIds.contains(driver)) {
            add(
                    findings,
                    spec,
                    record,
                    Violation.Kind.RECORD_WITHOUT_DISPATCH,
                    "Its record is of dispatch " + driver + ", which the run does not have.");
        }
    }

    /** Whether nothing that the dispatch needs can have been deleted by age: see {@link Retention}. */
    boolean isKept() {
        return !store.deletesByAge() || now.isBefore(dispatch.refresh().since().plus(Retention.SPARE));
    }

    /** How many queries it made. */
    private int feed(List<StepSpec> steps, Looked looked, int most) throws InterruptedException {
        FeedLook.Looked inFeed = new FeedLook(store, parts.runtime(), most).look(looked.ended());
        for (StepSpec spec : steps) {
            FeedLook.Fault fault = inFeed.faults().get(spec.id().stepKey());
            if (fault != null) {
                StepRecord record = looked.records().of(spec.id().stepKey());
                add(looked.findings(), spec, record, fault.kind(), fault.evidence());
            }
        }
        reads += inFeed.queries();
        unread += inFeed.unread();
        return inFeed.queries();
    }

    /** How many it looked at. If not at all, it is left to chance at which, so that another audit looks at others. */
    private int payloads(List<Payload> all, int most, List<PayloadLook.Needed> needed, Looked looked)
            throws InterruptedException {
        int from = all.size() <= most ? 0 : parts.runtime().random().nextInt(all.size());
        List<Payload> some = new ArrayList<>();
        for (int i = 0; i < Math.min(most, all.size()); i++) {
            some.add(all.get((from + i) % all.size()));
        }
        reads += some.size();
        unread += all.size() - some.size();
        Map<Payload, PayloadLook.Fault> faults =
                new PayloadLook(parts.ports(), parts.runtime().tasks()).faults(some);
        for (PayloadLook.Needed each : needed) {
            PayloadLook.Fault fault = faults.get(each.payload());
            if (fault != null) {
                String evidence = "Its " + each.what() + ": " + fault.evidence();
                StepRecord record = looked.records().of(each.spec().id().stepKey());
                add(looked.findings(), each.spec(), record, fault.kind(), evidence);
            }
        }
        return some.size();
    }

    private void add(
            List<Finding> findings, StepSpec spec, @Nullable StepRecord record, Violation.Kind kind, String evidence) {
        findings.add(new Finding(
                spec.settings().index(),
                record == null
                        ? NO_RECORD
                        : Sha256.hex(RecordCodec.write(record)).substring(0, NO_RECORD.length()),
                new Violation(kind, spec.id().stepKey(), dispatch.dispatchId(), evidence)));
    }
}
