package dev.stepstile.contracts;

import dev.stepstile.step.Attempts;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RefreshProgress;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Things to store. */
public final class Samples {
    public static final Instant NOW = Instant.parse("2026-11-24T08:00:00.123Z");
    private static final AtomicLong NEXT = new AtomicLong(System.nanoTime());

    private Samples() {}

    /** A run id that no other test uses. */
    public static String runId() {
        return "run-" + NEXT.incrementAndGet();
    }

    public static StepSettings settings() {
        return new StepSettings(
                "d-1",
                7,
                "flights.day",
                new RetryPolicy(5, Duration.ofMillis(1500), Duration.ofMinutes(5)),
                Duration.ofSeconds(60));
    }

    public static StepRecord running(String runId, String key) {
        return record(runId, key, 1, "owner-1", 0, List.of(), new StepState.Running(NOW.plusSeconds(60), false));
    }

    public static StepRecord record(
            String runId,
            String key,
            int attempt,
            String owner,
            long cancelSeq,
            List<FailedAttempt> history,
            StepState state) {
        return new StepRecord(
                new StepId(runId, key),
                3,
                settings(),
                NOW,
                new Attempts(new Attempts.Newest(attempt, owner, NOW.plusMillis(5), 2), 0, history),
                new StepRecord.AnsweredCalls(cancelSeq, null),
                state);
    }

    public static StepRecord with(StepRecord record, StepState state) {
        return record(
                record.id().runId(),
                record.id().stepKey(),
                record.attempt(),
                record.owner(),
                record.cancelSeq(),
                record.history(),
                state);
    }

    /** Every state, with what is long and odd in it. */
    public static List<StepState> states() {
        StepError error = new StepError(StepError.Kind.HANDLER_FAILED, "it broke: ü 漢 \" \\ \n tab\t");
        return List.of(
                new StepState.Running(NOW.plusSeconds(60), true),
                new StepState.Retrying(NOW.plusSeconds(9)),
                new StepState.Succeeded(new Payload.Inline("{\"größe\":[1,2.5,null,\"漢字\"]}"), NOW.plusSeconds(1)),
                new StepState.Succeeded(
                        new Payload.Inline("{\"zeros\":\"" + "0".repeat(3000) + "\"}"), NOW.plusSeconds(1)),
                new StepState.Succeeded(new Payload.Item("results/r/k/1", 4711, "ab".repeat(32)), NOW.plusSeconds(2)),
                new StepState.Succeeded(
                        new Payload.Stored("results/r/k/1", 5_000_000_000L, "cd".repeat(32)), NOW.plusSeconds(3)),
                new StepState.Failed(error, NOW.plusSeconds(4)),
                new StepState.Dead(error, NOW.plusSeconds(5), null),
                new StepState.Dead(error, NOW.plusSeconds(5), NOW.plusSeconds(6)),
                new StepState.Cancelled(NOW.plusSeconds(7)));
    }

    public static List<FailedAttempt> tenNotes() {
        List<FailedAttempt> notes = new ArrayList<>();
        for (int i = 1; i <= 10; i++) {
            notes.add(new FailedAttempt(
                    i, NOW.plusSeconds(i), NOW.plusSeconds(i + 1), StepError.Kind.TIMEOUT, "note " + i + " ü"));
        }
        return notes;
    }

    /** One that has written some steps again, among them the first and the last. */
    public static RefreshProgress refresh() {
        BitSet steps = new BitSet();
        steps.set(0);
        steps.set(64, 131);
        steps.set(999);
        return new RefreshProgress(NOW.plusSeconds(5), StepBits.of(steps));
    }

    public static Dispatch dispatch(String runId, String dispatchId, @Nullable Instant nextSweepAt) {
        BitSet bits = new BitSet();
        bits.set(3);
        bits.set(999);
        TreeMap<StepState.Name, Integer> counts = new TreeMap<>();
        counts.put(StepState.Name.SUCCEEDED, 2);
        return new Dispatch(
                new DispatchId(runId, dispatchId),
                new Dispatch.Accepted(
                        "ef".repeat(32),
                        8,
                        1000,
                        new Payload.Stored("shared/abc", 123_456, "ab".repeat(32)),
                        NOW,
                        NOW.plusSeconds(1_209_600),
                        0),
                new Dispatch.Sending(null, NOW, 0),
                new Dispatch.Progress(
                        StepBits.of(bits),
                        counts,
                        new TreeMap<>(),
                        NOW.plusSeconds(1),
                        new Dispatch.Reading(
                                NOW.plusMillis(2), NOW.plusMillis(1), NOW.plusMillis(3), 4, NOW.plusMillis(5))),
                new Dispatch.Schedule(nextSweepAt, Instant.EPOCH),
                new Dispatch.Refresh(NOW, null),
                1);
    }
}
