package dev.stepstile.usecase;

import dev.stepstile.port.PortException;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RefreshProgress;
import dev.stepstile.step.Retention;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rewrites what a dispatch needs, unchanged, so that it is kept for as long as the dispatch ({@link Retention}): a few
 * steps at a time, over as many sweeps as it takes.
 */
final class RetentionRefresher {
    /** Before the sweep's deadline: no further steps are begun. */
    private static final Duration RESERVE = Duration.ofSeconds(5);

    /** Between two notes in the dispatch of how far it is. */
    private static final int STEPS_AT_A_TIME = 32;

    private static final int WRITES_AT_ONCE = 16;
    private static final int TRIES_TO_NOTE = 3;
    private static final Logger LOG = LoggerFactory.getLogger(RetentionRefresher.class);

    private final StepStore store;
    private final Payloads payloads;
    private final ManifestReader manifests;
    private final EngineRuntime runtime;

    RetentionRefresher(StepStore store, Payloads payloads, EngineRuntime runtime) {
        this.store = store;
        this.payloads = payloads;
        this.manifests = new ManifestReader(store, payloads, runtime.tasks());
        this.runtime = runtime;
    }

    boolean isDue(Dispatch dispatch) {
        return dispatch.refresh().since().plus(Retention.REFRESH_AFTER).isBefore(runtime.now()) && store.deletesByAge();
    }

    /**
     * Goes on where the last sweep left off, until shortly before the deadline. What fails is left to the next sweep.
     */
    void goOn(DispatchId ref, Instant deadline) throws InterruptedException {
        Instant until = deadline.minus(RESERVE);
        if (!runtime.now().isBefore(until)) {
            return;
        }
        try (LogContext.Scope _ = LogContext.of(ref.runId()).open()) {
            Optional<Dispatch> dispatch =
                    store.dispatch(ref.runId(), ref.dispatchId()).filter(this::isDue);
            if (dispatch.isPresent()) {
                new Pass(ref, dispatch.get()).goOn(until);
            }
        } catch (Payloads.Missing missing) {
            // its steps were ended by the sweep, and there is nothing to keep
        } catch (PortException e) {
            LOG.warn(
                    "Dispatch {}/{}: its retention is not extended yet ({}); the next sweep continues.",
                    ref.runId(),
                    ref.dispatchId(),
                    e.getMessage());
        }
    }

    /** One sweep's part of it. */
    private final class Pass {
        private final DispatchId ref;
        private final Payload manifest;
        private final List<StepSpec> steps;
        private final Instant since;
        private final BitSet done;

        /** Whether the payload was rewritten, or is gone for good. */
        private final Map<Payload, Boolean> written = new LinkedHashMap<>();

        Pass(DispatchId ref, Dispatch dispatch) throws Payloads.Missing {
            this.ref = ref;
            this.manifest = dispatch.accepted().manifest();
            this.steps = manifests.steps(dispatch);
            RefreshProgress before = dispatch.refresh().soFar();
            this.since = before == null ? runtime.now() : before.since();
            this.done = before == null ? new BitSet() : before.steps().toBitSet();
        }

        void goOn(Instant until) throws InterruptedException {
            List<StepSpec> left = steps.stream()
                    .filter(step -> !done.get(step.settings().index()))
                    .toList();
            int tried = 0;
            boolean noted = true;
            while (noted && tried < left.size() && runtime.now().isBefore(until)) {
                List<StepSpec> some = left.subList(tried, Math.min(left.size(), tried + STEPS_AT_A_TIME));
                refresh(some);
                tried += some.size();
                noted = tried == left.size() || note(false);
            }
            if (noted && tried == left.size()) {
                write(Set.of(manifest));
                boolean whole = done.cardinality() == steps.size() && written(manifest);
                if (note(whole)) {
                    logOutcome(whole);
                }
            }
        }

        private void logOutcome(boolean whole) {
            if (whole) {
                LOG.info(
                        "Dispatch {}/{}: the retention of its {} steps is extended, as it is still open.",
                        ref.runId(),
                        ref.dispatchId(),
                        steps.size());
            } else {
                LOG.warn(
                        "Dispatch {}/{}: of {} steps, the retention of {} is not extended yet; the next sweep continues.",
                        ref.runId(),
                        ref.dispatchId(),
                        steps.size(),
                        steps.size() - done.cardinality());
            }
        }

        /** False if another sweep came to its end meanwhile, or the dispatch is being changed all the time. */
        private boolean note(boolean whole) {
            for (int i = 0; i < TRIES_TO_NOTE; i++) {
                Optional<Dispatch> current =
                        store.dispatch(ref.runId(), ref.dispatchId()).filter(RetentionRefresher.this::isDue);
                if (current.isEmpty()) {
                    return false;
                }
                Dispatch dispatch = current.get();
                if (store.replace(
                        whole
                                ? dispatch.refreshed(since)
                                : dispatch.refreshing(new RefreshProgress(since, StepBits.of(done))))) {
                    return true;
                }
            }
            return false;
        }

        private void refresh(List<StepSpec> some) throws InterruptedException {
            Records records = manifests.records(some); // a damaged one cannot be rewritten, and is deleted by age
            Map<StepSpec, Set<Payload>> needed = new LinkedHashMap<>();
            Set<Payload> all = new LinkedHashSet<>();
            for (StepSpec step : some) {
                Set<Payload> its = needs(step, records.of(step.id().stepKey()));
                needed.put(step, its);
                all.addAll(its);
            }
            write(all); // first: a record never outlives its payload
            List<StepSpec> ready = some.stream()
                    .filter(step -> needed.getOrDefault(step, Set.of()).stream().allMatch(this::written))
                    .toList();
            List<Boolean> kept = each("refresh records", ready, step -> {
                StepRecord record = records.of(step.id().stepKey());
                if (record != null) {
                    store.write(record, Precondition.asRead(record)); // a refusal means that it was just written
                }
            });
            for (int i = 0; i < ready.size(); i++) {
                if (kept.get(i)) {
                    done.set(ready.get(i).settings().index());
                }
            }
        }

        private boolean written(Payload payload) {
            return payload instanceof Payload.Inline || written.getOrDefault(payload, false);
        }

        /** Each once in this sweep. */
        private void write(Set<Payload> some) throws InterruptedException {
            List<Payload> fresh = some.stream()
                    .filter(payload -> !(payload instanceof Payload.Inline) && !written.containsKey(payload))
                    .toList();
            List<Boolean> kept = each("refresh payloads", fresh, payloads::refresh);
            for (int i = 0; i < fresh.size(); i++) {
                written.put(fresh.get(i), kept.get(i));
            }
        }
    }

    /** Something that a port may refuse. */
    private interface Call<A> {
        void on(A thing);
    }

    /** For each whether the port took it: one that it does not take keeps no other from being tried. */
    private <A> List<Boolean> each(String name, List<A> things, Call<A> call) throws InterruptedException {
        if (things.isEmpty()) {
            return List.of();
        }
        return ParallelCalls.map(runtime.tasks(), WRITES_AT_ONCE, name, things, thing -> {
            try {
                call.on(thing);
                return true;
            } catch (PortException e) {
                LOG.warn("{}: {}; the next sweep tries again.", name, e.getMessage());
                return false;
            }
        });
    }

    private static Set<Payload> needs(StepSpec step, @Nullable StepRecord record) {
        List<Payload> needed = new ArrayList<>();
        needed.add(step.input());
        needed.addAll(step.sharedInputs().values());
        Payload tags = step.tags().common();
        if (tags != null) {
            needed.add(tags);
        }
        if (record != null) {
            Payload given = record.settings().input();
            if (given != null) {
                needed.add(given);
            }
            if (record.state() instanceof StepState.Succeeded succeeded) {
                needed.add(succeeded.result());
            }
        }
        return new LinkedHashSet<>(needed);
    }
}
