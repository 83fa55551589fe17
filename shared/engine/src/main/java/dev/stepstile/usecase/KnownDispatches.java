package dev.stepstile.usecase;

import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepSpec;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks whether a message names a step that was dispatched: anyone who can send to the queue could otherwise run any
 * handler on any input. Costs one read for each dispatch and worker: dispatches that were found are cached, others are
 * read again.
 */
final class KnownDispatches {
    private static final Logger LOG = LoggerFactory.getLogger(KnownDispatches.class);

    /** Some 100 bytes each. */
    private static final int MOST = 10_000;

    /** What is checked of a dispatch. */
    private record Known(int stepCount, int shards) {}

    private final StepStore store;
    private final ReentrantLock lock = new ReentrantLock();
    private final SequencedMap<DispatchId, Known> known = new LinkedHashMap<>();

    KnownDispatches(StepStore store) {
        this.store = store;
    }

    /** Reads what several of these steps name: they are processed at once, and each of them would read it. */
    void readShared(List<StepSpec> steps) {
        Set<DispatchId> named = new LinkedHashSet<>();
        SequencedSet<DispatchId> shared = new LinkedHashSet<>();
        for (StepSpec step : steps) {
            if (!named.add(dispatchOf(step))) {
                shared.add(dispatchOf(step));
            }
        }
        for (DispatchId id : shared) {
            try {
                known(id);
            } catch (Throwable thrown) { // each of its messages reads it, and decides what becomes of itself
                LOG.warn(
                        "Dispatch {}/{}: not read yet; each of its steps reads it.",
                        id.runId(),
                        id.dispatchId(),
                        thrown);
            }
        }
    }

    private static DispatchId dispatchOf(StepSpec step) {
        return new DispatchId(step.id().runId(), step.settings().dispatchId());
    }

    /** Whether the table has the dispatch that the step names, and the step can be one of its steps. */
    boolean has(StepSpec spec) {
        Known dispatch = known(dispatchOf(spec));
        return dispatch != null
                && spec.settings().index() < dispatch.stepCount()
                && spec.shard() == Shards.of(spec.id().stepKey(), dispatch.shards());
    }

    private @Nullable Known known(DispatchId id) {
        Known dispatch = remembered(id);
        if (dispatch == null) {
            Optional<Dispatch> read = store.dispatch(id.runId(), id.dispatchId());
            if (read.isPresent()) {
                dispatch = new Known(
                        read.get().accepted().stepCount(), read.get().accepted().shards());
                remember(id, dispatch);
            }
        }
        return dispatch;
    }

    private @Nullable Known remembered(DispatchId id) {
        lock.lock();
        try {
            return known.get(id);
        } finally {
            lock.unlock();
        }
    }

    private void remember(DispatchId id, Known dispatch) {
        lock.lock();
        try {
            if (known.size() >= MOST) {
                known.pollFirstEntry();
            }
            known.put(id, dispatch);
        } finally {
            lock.unlock();
        }
    }
}
