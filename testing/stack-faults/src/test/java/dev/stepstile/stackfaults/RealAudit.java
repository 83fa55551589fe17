package dev.stepstile.stackfaults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.Ports;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Compares the table, the queues and the handlers' own notes at the end with the expected outcome of each step.
 *
 * @param wanted what each step of the run had to come to, by its key
 */
record RealAudit(Ports ports, String run, Map<String, RealKillsTest.Wanted> wanted, Path notes) {

    /** What the audit saw. */
    record Seen(int steps, int starts, int again, int deadLetters) {}

    Seen audit() throws IOException {
        SortedMap<String, StepRecord> records = records();
        assertThat(records.keySet()).containsExactlyInAnyOrderElementsOf(wanted.keySet());
        Map<String, List<Integer>> starts = starts();
        int again = 0;
        TreeSet<String> dead = new TreeSet<>();
        for (StepRecord record : records.values()) {
            String key = record.id().stepKey();
            RealKillsTest.Wanted step = Objects.requireNonNull(wanted.get(key));
            assertThat(record.state().name()).as(key).isEqualTo(step.state());
            if (record.state() instanceof StepState.Succeeded succeeded) {
                assertThat(succeeded.result())
                        .as(key)
                        .isEqualTo(new Payload.Inline(Long.toString(RecordingHandler.expected(step.number()))));
            }
            if (record.state() instanceof StepState.Dead burial) {
                assertThat(burial.deadLetteredAt()).as(key).isNotNull();
                dead.add(key);
            }
            List<Integer> fences = starts.getOrDefault(key, List.of());
            assertThat(fences).as("the fences of %s", key).isSorted().doesNotHaveDuplicates();
            assertThat(fences).as("the fences of %s", key).allMatch(fence -> fence <= record.attempt());
            again += record.attempt() > 1 ? 1 : 0;
        }
        assertThat(ports.store().dispatches(run)).allMatch(Dispatch::closed);
        assertThat(feed()).isEqualTo(ended(records));
        List<String> deadLetters = ports.deadLetters().peek(10_000);
        assertThat(deadLettered(deadLetters)).isEqualTo(dead);
        return new Seen(
                records.size(), starts.values().stream().mapToInt(List::size).sum(), again, deadLetters.size());
    }

    private SortedMap<String, StepRecord> records() {
        SortedMap<String, StepRecord> records = new TreeMap<>();
        for (int shard = 0; shard < shards(); shard++) {
            String after = null;
            List<StepRecord> page = page(shard, after);
            while (!page.isEmpty()) {
                page.forEach(record -> records.put(record.id().stepKey(), record));
                after = page.getLast().id().stepKey();
                page = page(shard, after);
            }
        }
        return records;
    }

    private int shards() {
        return ports.store().run(run).orElseThrow().shards();
    }

    private List<StepRecord> page(int shard, @Nullable String after) {
        return ports.store().list(run, shard, after, 500);
    }

    private static SortedMap<String, List<StepState.Name>> ended(SortedMap<String, StepRecord> records) {
        SortedMap<String, List<StepState.Name>> ended = new TreeMap<>();
        records.forEach((key, record) -> ended.put(key, List.of(record.state().name())));
        return ended;
    }

    /** The states in which each step ended, as the feed reports them: once. */
    private SortedMap<String, List<StepState.Name>> feed() {
        SortedMap<String, List<StepState.Name>> told = new TreeMap<>();
        for (int shard = 0; shard < shards(); shard++) {
            String position = null;
            List<FeedEntry> entries = ports.store().feed(run, shard, position, 500);
            while (!entries.isEmpty()) {
                for (FeedEntry entry : entries) {
                    if (entry instanceof FeedEntry.Ended ended) {
                        told.computeIfAbsent(ended.stepKey(), key -> new ArrayList<>())
                                .add(ended.state());
                    }
                }
                position = entries.getLast().position();
                entries = ports.store().feed(run, shard, position, 500);
            }
        }
        return told;
    }

    private static TreeSet<String> deadLettered(List<String> deadLetters) {
        TreeSet<String> keys = new TreeSet<>();
        for (String deadLetter : deadLetters) {
            keys.add(String.valueOf(DeadLetterCodec.read(deadLetter).step()).replaceFirst("^[^/]*/", ""));
        }
        return keys;
    }

    /** The fences with which each step was started, in the order of the starts. */
    private Map<String, List<Integer>> starts() throws IOException {
        Map<String, List<Integer>> starts = new HashMap<>();
        for (String line : Files.readAllLines(notes)) {
            String[] note = line.split(" ", -1);
            starts.computeIfAbsent(note[0], key -> new ArrayList<>()).add(Integer.parseInt(note[1]));
        }
        return starts;
    }
}
