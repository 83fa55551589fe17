package dev.stepstile.usecase;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.step.StepRecord;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Records that were read at once, by step key. A damaged record does not prevent the others from being read.
 *
 * @param damaged for each record that is damaged, by step key: what is wrong, and what to do
 */
public record Records(Map<String, StepRecord> found, SortedMap<String, String> damaged) {
    private static final int NAMED = 10;

    static Records none() {
        return new Records(new LinkedHashMap<>(), new TreeMap<>());
    }

    /** The record of a step, null if it has none, or a damaged one. */
    public @Nullable StepRecord of(String stepKey) {
        return found.get(stepKey);
    }

    public boolean isDamaged(String stepKey) {
        return damaged.containsKey(stepKey);
    }

    void add(Records more) {
        found.putAll(more.found());
        damaged.putAll(more.damaged());
    }

    /** As one batch, or where one of its records is damaged, one by one. */
    static Records read(StepStore store, List<StepRef> steps) {
        Records read = none();
        try {
            store.records(steps).forEach(record -> read.found().put(record.id().stepKey(), record));
        } catch (DamagedData ofOne) {
            steps.forEach(step -> read.readOne(store, step));
        }
        return read;
    }

    private void readOne(StepStore store, StepRef step) {
        String key = step.id().stepKey();
        try {
            store.record(step.id(), step.shard()).ifPresent(record -> found.put(key, record));
        } catch (DamagedData e) {
            damaged.put(key, String.valueOf(e.getMessage()));
        }
    }

    /** Logs which records are damaged, and what happens to their steps. */
    void logDamaged(Logger log, String runId, String consequence) {
        if (!damaged.isEmpty()) {
            log.error(
                    "Run {}: the records of {} steps are damaged, {}{}: {} {}",
                    runId,
                    damaged.size(),
                    damaged.keySet().stream().limit(NAMED).toList(),
                    damaged.size() > NAMED ? " and more" : "",
                    consequence,
                    damaged.get(damaged.firstKey()));
        }
    }
}
