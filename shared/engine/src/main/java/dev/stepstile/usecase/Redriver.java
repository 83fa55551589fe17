package dev.stepstile.usecase;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.CanonicalJson;
import dev.stepstile.codec.Json;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Moment;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Run;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries ended steps again with a fresh budget. The dispatch is reopened first, then the records, then the messages: a
 * crash in between leaves steps that the sweeper sends.
 */
public final class Redriver {
    private static final Logger LOG = LoggerFactory.getLogger(Redriver.class);
    private static final int WRITES_AT_ONCE = 16;

    /** Of a call's name in a record, which is to stay within a write unit. */
    private static final int MARK_LENGTH = 40;

    private final StepStore store;
    private final Payloads payloads;
    private final ManifestReader manifests;
    private final StepSender sender;
    private final StepRecorder recorder;
    private final DispatchReopener reopener;
    private final EngineRuntime runtime;

    public Redriver(
            StepStore store,
            StepQueue queue,
            Payloads payloads,
            StepRecorder recorder,
            Timing timing,
            EngineRuntime runtime) {
        this.store = store;
        this.payloads = payloads;
        this.manifests = new ManifestReader(store, payloads, runtime.tasks());
        this.sender = new StepSender(queue, runtime);
        this.recorder = recorder;
        this.reopener = new DispatchReopener(store, timing, runtime);
        this.runtime = runtime;
    }

    /**
     * What a caller asks for.
     *
     * @param keys of the steps; empty: all of the run
     * @param filter what else the steps are like; null: any
     * @param input JSON in place of the steps' own input; null: theirs
     * @param redriveId names the call, so that it is one redrive however often it is made; null: each call is its own
     */
    public record Request(
            Set<StepState.Name> states,
            Set<String> keys,
            @Nullable StepFilter filter,
            StepOverrides overrides,
            @Nullable String input,
            @Nullable String redriveId) {

        /** Of any steps in these states and of these keys. */
        public Request(
                Set<StepState.Name> states,
                Set<String> keys,
                StepOverrides overrides,
                @Nullable String input,
                @Nullable String redriveId) {
            this(states, keys, null, overrides, input, redriveId);
        }
    }

    /** The outcome of the call. */
    public sealed interface Answer {
        /**
         * @param redriven how many steps run again by this call
         * @param unknown which of the keys no step of the run has, the first hundred; none if a manifest is gone
         * @param damaged steps that were left out, as their records are damaged, the first hundred
         * @param replayed whether this call was made before, and this is the answer it got then
         */
        record Redriven(int redriven, List<String> unknown, List<String> damaged, boolean replayed) implements Answer {}

        /** The redriveId was used for another redrive. */
        record Conflict(String redriveId) implements Answer {}
    }

    /** Redrives by an unnamed call, without overrides; returns how many steps run again. */
    public int redrive(Run run, Set<StepState.Name> states, Set<String> keys, Instant deadline)
            throws InterruptedException {
        Request request = new Request(states, keys, StepOverrides.NONE, null, null);
        return switch (redrive(run, request, deadline)) {
            case Answer.Redriven answer -> answer.redriven();
            case Answer.Conflict _ -> throw new IllegalStateException("an unnamed call cannot conflict with another");
        };
    }

    /**
     * Why no redrive may set these times now: asked before the call, and before its dry run. A repeated call is refused too,
     * once its deadline is over.
     */
    public Optional<Dispatcher.Answer.OutOfTime> outOfTime(StepOverrides overrides) {
        return TimeLimits.refusal(overrides.times(), runtime.now());
    }

    /**
     * Redrives a run's steps that are in one of the states and have one of the keys. A step is counted by the call
     * whose write redrove it. Safe to call again with the same redriveId: what that redrove once, it does not redrive
     * again.
     *
     * @param deadline of the calling function
     */
    public Answer redrive(Run run, Request request, Instant deadline) throws InterruptedException {
        String redriveId = request.redriveId();
        if (redriveId == null) {
            return redrive(run, request, runtime.ids().get(), null, deadline);
        }
        RedriveCall call = new RedriveCall(run.runId(), redriveId, digest(request), runtime.now(), null, List.of());
        Optional<RedriveCall> known = store.putRedriveIfAbsent(call);
        if (known.isPresent()) {
            Integer redriven = known.get().redriven();
            if (!known.get().digest().equals(call.digest())) {
                return new Answer.Conflict(redriveId);
            }
            if (redriven != null) {
                return new Answer.Redriven(redriven, known.get().unknown(), List.of(), true);
            }
        }
        return redrive(run, request, mark(redriveId), call, deadline);
    }

    /**
     * Redrives steps that dead letters name. The call is not stored, as it names other steps each time that it is made;
     * the record of a step says whether a call of that name has redriven it.
     *
     * @return how many steps run again
     */
    int redriveDead(Run run, Request request, Instant deadline) throws InterruptedException {
        String redriveId = request.redriveId();
        String by = redriveId == null ? runtime.ids().get() : mark(redriveId);
        return switch (redrive(run, request, by, null, deadline)) {
            case Answer.Redriven answer -> answer.redriven();
            case Answer.Conflict _ -> throw new IllegalStateException("a call that is not stored cannot conflict");
        };
    }

    /** @param call to be marked as done; null if it has no name */
    private Answer redrive(Run run, Request request, String by, @Nullable RedriveCall call, Instant deadline)
            throws InterruptedException {
        String input = request.input();
        StepOverrides overrides =
                input == null ? request.overrides() : request.overrides().withInput(payloads.putShared(input));
        StepEvent.Redrive event = new StepEvent.Redrive(run.cancelSeq(), null, by, overrides);
        StepFilter filter = request.filter();
        StepSelection selection = filter == null ? null : new StepSelection(filter, payloads);
        Set<String> unknown = new TreeSet<>(request.keys());
        Set<String> damaged = new TreeSet<>();
        boolean all = true;
        int redriven = 0;
        for (Dispatch dispatch : store.dispatches(run.runId())) {
            try {
                List<StepSpec> asked = asked(dispatch, request.keys());
                asked.forEach(spec -> unknown.remove(spec.id().stepKey()));
                Records records = manifests.records(asked);
                damaged.addAll(records.damaged().keySet());
                records.logDamaged(LOG, run.runId(), "they are not redriven; call again once they are repaired.");
                BiPredicate<StepSpec, StepState.Name> named =
                        (spec, state) -> request.states().contains(state)
                                && (selection == null
                                        || selection.selects(dispatch, RunQueries.Step.of(dispatch, spec, records)));
                redriven += redrive(dispatch, asked, records, named, event, deadline);
            } catch (Payloads.Missing missing) {
                all = false;
                LOG.error(
                        "Dispatch {}/{}: not redriven, {}.", run.runId(), dispatch.dispatchId(), missing.getMessage());
            }
        }
        List<String> named = all ? unknown.stream().limit(Limits.LOOKUP_KEYS).toList() : List.of();
        if (call != null && damaged.isEmpty()) { // else the same call continues after the repair
            store.putRedrive(call.done(redriven, named));
        }
        return new Answer.Redriven(
                redriven, named, damaged.stream().limit(Limits.LOOKUP_KEYS).toList(), false);
    }

    private static String digest(Request request) {
        String input = request.input();
        ObjectNode content = Json.object();
        ArrayNode states = content.putArray("states");
        new TreeSet<>(request.states()).forEach(state -> states.add(state.name()));
        ArrayNode keys = content.putArray("keys");
        new TreeSet<>(request.keys()).forEach(keys::add);
        StepOverrides overrides = request.overrides();
        content.put("handler", overrides.handler())
                .put("maxAttempts", overrides.retry().maxAttempts())
                .put("base", text(overrides.retry().base()))
                .put("cap", text(overrides.retry().cap()))
                .put("timeout", text(overrides.timeout()));
        names(content, "retryOn", overrides.retry().on());
        names(content, "retryNever", overrides.retry().never());
        moment(content, "notBefore", overrides.times().notBefore());
        moment(content, "deadline", overrides.times().deadline());
        filter(content, request.filter());
        content.set("input", input == null ? null : Json.parse(input));
        return Sha256.hex(CanonicalJson.of(content));
    }

    /** Without them, the digest is that of versions that knew none. */
    private static void names(ObjectNode content, String member, @Nullable List<String> names) {
        if (names != null) {
            names.forEach(content.putArray(member)::add);
        }
    }

    private static void filter(ObjectNode content, @Nullable StepFilter filter) {
        if (filter != null) {
            StepFilter.Tag tag = filter.tag();
            StepFilter.Span span = filter.span();
            content.putObject("filter")
                    .put("handler", filter.handler())
                    .put("kind", filter.kind() == null ? null : filter.kind().name())
                    .put("prefix", filter.prefix())
                    .put("tagName", tag == null ? null : tag.name())
                    .put("tagValue", tag == null ? null : tag.value())
                    .put("since", span.since() == null ? null : span.since().toString())
                    .put("until", span.until() == null ? null : span.until().toString())
                    .put("failure", filter.failure());
        }
    }

    private static void moment(ObjectNode content, String member, @Nullable Moment moment) {
        if (moment != null) {
            content.put(member, moment.text());
        }
    }

    private static @Nullable String text(@Nullable Duration duration) {
        return duration == null ? null : duration.toString();
    }

    /** The name of a call as a record holds it: its redriveId, or the start of its digest if that is long. */
    private static String mark(String redriveId) {
        return redriveId.length() <= MARK_LENGTH
                ? redriveId
                : Sha256.hex(redriveId).substring(0, MARK_LENGTH);
    }

    private List<StepSpec> asked(Dispatch dispatch, Set<String> keys) throws Payloads.Missing {
        return manifests.steps(dispatch).stream()
                .filter(spec -> keys.isEmpty() || keys.contains(spec.id().stepKey()))
                .toList();
    }

    private int redrive(
            Dispatch dispatch,
            List<StepSpec> asked,
            Records records,
            BiPredicate<StepSpec, StepState.Name> named,
            StepEvent.Redrive event,
            Instant deadline)
            throws InterruptedException {
        List<StepSpec> ended = new ArrayList<>();
        List<StepSpec> toSend = new ArrayList<>();
        int redriven = 0;
        for (StepSpec spec : asked) {
            StepRecord record = records.of(spec.id().stepKey());
            if (record == null || !record.settings().dispatchId().equals(dispatch.dispatchId())) {
                continue;
            }
            // an earlier try of this call, whose answer was lost
            if (Objects.equals(event.by(), record.answered().redrivenBy())) {
                redriven++;
                if (record.state() instanceof StepState.Retrying) {
                    toSend.add(spec.as(record));
                }
            } else if (named.test(spec, record.state().name())) {
                ended.add(spec);
            }
        }
        if (!ended.isEmpty()) {
            reopener.reopen(dispatch, deadline);
            List<Optional<StepRecord>> written = ParallelCalls.map(
                    runtime.tasks(), WRITES_AT_ONCE, "redrive", ended, spec -> redrive(spec, records, event));
            for (int i = 0; i < ended.size(); i++) {
                if (written.get(i).isPresent()) {
                    redriven++;
                    toSend.add(ended.get(i).as(written.get(i).get()));
                }
            }
        }
        sender.send(toSend);
        return redriven;
    }

    /** The record as this call redrove it, perhaps by another try at the same time. */
    private Optional<StepRecord> redrive(StepSpec spec, Records records, StepEvent.Redrive event) {
        return switch (recorder.apply(spec.id(), records.of(spec.id().stepKey()), event)) {
            case StepRecorder.Recorded.Wrote(StepRecord record) -> Optional.of(record);
            case StepRecorder.Recorded.Left _ ->
                store.record(spec.id(), spec.shard())
                        .filter(record -> Objects.equals(record.answered().redrivenBy(), event.by()));
        };
    }

    /**
     * A dead letter was moved back into the queue by AWS's own redrive: redrives its step, if that is DEAD at the
     * attempt that the dead letter names.
     *
     * @return whether the step of the message may be claimed
     */
    boolean movedBack(StepSpec spec, int attempt, Instant deadline) {
        Optional<StepRecord> record = store.record(spec.id(), spec.shard());
        if (record.isEmpty()
                || record.get().attempt() != attempt
                || !(record.get().state() instanceof StepState.Dead)) {
            LOG.info(
                    "Step {}: a dead letter of attempt {} was moved back; the step is no longer DEAD at that attempt.",
                    spec.id(),
                    attempt);
            return record.isPresent() && !(record.get().state() instanceof StepState.Ended);
        }
        Optional<Dispatch> dispatch =
                store.dispatch(spec.id().runId(), record.get().settings().dispatchId());
        Optional<Run> run = store.run(spec.id().runId());
        if (dispatch.isEmpty() || run.isEmpty()) {
            LOG.error("Step {}: its dispatch was deleted by age; it cannot be redriven. Dispatch it again.", spec.id());
            return false;
        }
        reopener.reopen(dispatch.get(), deadline);
        recorder.apply(spec.id(), record.get(), new StepEvent.Redrive(run.get().cancelSeq(), attempt));
        return true;
    }
}
