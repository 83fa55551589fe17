package dev.stepstile.usecase;

import dev.stepstile.port.StepStore;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.DeadLetters.Letter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The steps that dead letters name, as the table has them. Nothing but the names is taken from a letter. */
final class LetterSteps {
    private static final int READS_AT_ONCE = 8;

    private final StepStore store;
    private final Tasks tasks;

    LetterSteps(StepStore store, Tasks tasks) {
        this.store = store;
        this.tasks = tasks;
    }

    private record OfRun(Run run, Records records) {}

    /** The records of the letters' steps, read now and consistently. */
    Standing of(List<Letter> letters) throws InterruptedException {
        SortedMap<String, SortedSet<String>> keys = new TreeMap<>();
        for (Letter letter : letters) {
            StepId step = letter.content().step();
            if (step != null) {
                keys.computeIfAbsent(step.runId(), run -> new TreeSet<>()).add(step.stepKey());
            }
        }
        List<Map.Entry<String, SortedSet<String>>> runs = List.copyOf(keys.entrySet());
        SortedMap<String, OfRun> found = new TreeMap<>();
        ParallelCalls.map(tasks, READS_AT_ONCE, "read dead steps", runs, run -> read(run.getKey(), run.getValue()))
                .forEach(read -> read.ifPresent(of -> found.put(of.run().runId(), of)));
        return new Standing(found);
    }

    private Optional<OfRun> read(String runId, SortedSet<String> keys) {
        return store.run(runId).map(run -> {
            List<StepRef> refs = keys.stream()
                    .map(key -> new StepRef(new StepId(runId, key), Shards.of(key, run.shards())))
                    .toList();
            Records records = Records.none();
            for (int from = 0; from < refs.size(); from += Limits.LOOKUP_KEYS) {
                records.add(Records.read(store, refs.subList(from, Math.min(refs.size(), from + Limits.LOOKUP_KEYS))));
            }
            return new OfRun(run, records);
        });
    }

    /** How the letters' steps stood when they were read. */
    static final class Standing {
        private final SortedMap<String, OfRun> runs;

        private Standing(SortedMap<String, OfRun> runs) {
            this.runs = runs;
        }

        private @Nullable OfRun run(Letter letter) {
            StepId step = letter.content().step();
            return step == null ? null : runs.get(step.runId());
        }

        private @Nullable StepRecord record(Letter letter) {
            StepId step = letter.content().step();
            OfRun run = run(letter);
            return step == null || run == null ? null : run.records().of(step.stepKey());
        }

        /** The step's state; null if the table has no record of it. */
        StepState.@Nullable Name state(Letter letter) {
            StepId step = letter.content().step();
            OfRun run = run(letter);
            if (step != null && run != null && run.records().isDamaged(step.stepKey())) {
                return StepState.Name.UNKNOWN;
            }
            StepRecord record = record(letter);
            return record == null ? null : record.state().name();
        }

        /** Whether the step is DEAD at the attempt that the letter names, or at any if it is the step's own message. */
        boolean dead(Letter letter) {
            StepRecord record = record(letter);
            return record != null
                    && record.state() instanceof StepState.Dead
                    && (letter.content().isOwnMessage()
                            || record.attempt() == letter.content().attempt());
        }

        /** Whether it is known that the step is not, or no longer, {@link #dead}. */
        boolean stale(Letter letter) {
            return letter.content().step() != null && !dead(letter) && state(letter) != StepState.Name.UNKNOWN;
        }

        /** Whether the step has been started and is not {@link #dead}: it needs no redrive by this letter. */
        boolean passed(Letter letter) {
            return record(letter) != null && !dead(letter);
        }

        /** Whether the step has ended, or is gone with its run; or there is none. */
        boolean over(Letter letter) {
            StepRecord record = record(letter);
            return record == null ? run(letter) == null : record.state() instanceof StepState.Ended;
        }

        /** The keys of these letters' steps, by run. */
        Map<Run, Set<String>> keysByRun(List<Letter> letters) {
            Map<Run, Set<String>> keys = new LinkedHashMap<>();
            for (Letter letter : letters) {
                StepId step = letter.content().step();
                OfRun run = run(letter);
                if (step != null && run != null) {
                    keys.computeIfAbsent(run.run(), of -> new TreeSet<>()).add(step.stepKey());
                }
            }
            return keys;
        }
    }
}
