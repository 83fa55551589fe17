package dev.stepstile.contracts.formats;

import dev.stepstile.port.LogPage;
import dev.stepstile.step.Attempts;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Notification;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.RefreshProgress;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepTags;
import dev.stepstile.step.TraceContext;
import dev.stepstile.step.TraceParent;
import dev.stepstile.step.Window;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import java.time.Duration;
import java.time.Instant;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the fixtures hold, as values of today's model. They never change: the fixtures were written of them. */
public final class Specimens {
    public static final Instant NOW = Instant.parse("2026-11-24T08:00:00.123Z");
    public static final String RUN = "nightly";
    public static final String DISPATCH = "d-1";
    public static final int SHARDS = 8;

    /** Of a claim in the format in which no worker had an item. */
    public static final String LEASED_OWNER = "0b7c2f6e-4a35-4f0c-9a3e-2f8f6d1c9e11";

    public static final String WORKER = "3b0e2f6c-0001";

    private Specimens() {}

    public static Run run() {
        return new Run(RUN, NOW, SHARDS, 0);
    }

    private static StepSettings settings(int index, @Nullable Payload input) {
        return new StepSettings(
                DISPATCH,
                index,
                "flights.day",
                new RetryPolicy(5, Duration.ofMillis(1500), Duration.ofMinutes(5)),
                Duration.ofSeconds(60),
                input);
    }

    private static StepSpec spec(
            int index, String key, Payload input, SortedMap<String, Payload> shared, StepTags tags) {
        return new StepSpec(
                new StepId(RUN, key),
                Shards.of(key, SHARDS),
                settings(index, null),
                input,
                shared,
                tags,
                NOW.plus(Duration.ofDays(14)));
    }

    /** A step with a small input. */
    public static StepSpec small() {
        return spec(
                0, "load[eu]", new Payload.Inline("{\"region\":\"eu\",\"n\":-0.0}"), new TreeMap<>(), StepTags.NONE);
    }

    /** A step with all that a step can have. */
    public static StepSpec large() {
        SortedMap<String, Payload> shared = new TreeMap<>();
        shared.put("plan", new Payload.Inline("[1]"));
        shared.put("rates", new Payload.Item("shared/ab", 4_711, "ab".repeat(32)));
        SortedMap<String, String> tags = new TreeMap<>(Map.of("region", "eu/größe"));
        return spec(
                1,
                "größe/漢",
                new Payload.Stored("inputs/cd", 5_000_000_000L, "cd".repeat(32)),
                shared,
                new StepTags(tags, new Payload.Item("shared/ef", 812, "ef".repeat(32))));
    }

    /** A step of a dispatch that names its tenant. */
    public static StepSpec tenanted() {
        StepSpec small = small();
        return new StepSpec(
                small.id(),
                small.shard(),
                small.settings(),
                small.input(),
                small.sharedInputs(),
                small.tags(),
                new StepSpec.Queueing("acme", small.validUntil()));
    }

    private static StepSettings ruled(StepSettings settings) {
        RetryPolicy retry = settings.retry();
        RetryRule rule = new RetryRule(List.of("TIMEOUT", "java.io.IOException"), List.of("ValueError"));
        return new StepSettings(
                settings.dispatchId(),
                settings.index(),
                settings.handler(),
                new RetryPolicy(retry.maxAttempts(), retry.base(), retry.cap(), rule),
                settings.timeout());
    }

    /** A step of which not every failure is retried. */
    public static StepSpec ruled() {
        StepSpec small = small();
        return new StepSpec(
                small.id(),
                small.shard(),
                ruled(small.settings()),
                small.input(),
                small.sharedInputs(),
                small.tags(),
                small.queueing());
    }

    /** Its record, before the second attempt. */
    public static StepRecord ruledRecord() {
        StepRecord record = record("ruled", 1, LEASED_OWNER, List.of(), new StepState.Retrying(NOW.plusSeconds(90)));
        return new StepRecord(
                record.id(),
                record.shard(),
                ruled(record.settings()),
                record.createdAt(),
                record.attempts(),
                record.answered(),
                record.state());
    }

    private static StepSettings within(StepSettings settings, Window window) {
        return new StepSettings(
                settings.dispatchId(),
                settings.index(),
                settings.handler(),
                settings.retry(),
                settings.timeout(),
                null,
                window);
    }

    private static StepSpec within(StepSpec spec, Window window) {
        return new StepSpec(
                spec.id(),
                spec.shard(),
                within(spec.settings(), window),
                spec.input(),
                spec.sharedInputs(),
                spec.tags(),
                spec.queueing());
    }

    private static StepRecord within(StepRecord record, Window window) {
        return new StepRecord(
                record.id(),
                record.shard(),
                within(record.settings(), window),
                record.createdAt(),
                record.attempts(),
                record.answered(),
                record.state());
    }

    private static final Window DELAY = new Window(NOW.plusSeconds(80), null);

    private static final Window DEADLINE = new Window(null, NOW.plusSeconds(7_200));

    private static final TraceContext TRACE = new TraceContext(
            new TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", TraceParent.SAMPLED),
            "vendor=t61rcWkgMzE,other=00f067aa0ba902b7");

    /** A step of a dispatch that came in a trace. */
    public static StepSpec traced() {
        StepSpec small = small();
        return new StepSpec(
                small.id(),
                small.shard(),
                small.settings().in(TRACE.parent()),
                small.input(),
                small.sharedInputs(),
                small.tags(),
                new StepSpec.Queueing(small.tenant(), small.validUntil(), TRACE.state()));
    }

    /** Its record, before the second attempt. */
    public static StepRecord tracedRecord() {
        return tracedRecord("traced", Collections.emptySortedMap());
    }

    /** Another, whose spans say its tags. */
    public static StepRecord spannedRecord() {
        return tracedRecord("spanned", new TreeMap<>(Map.of("region", "größe", "team", "data")));
    }

    private static StepRecord tracedRecord(String key, SortedMap<String, String> spanTags) {
        StepRecord record = record(key, 1, LEASED_OWNER, List.of(), new StepState.Retrying(NOW.plusSeconds(90)));
        return new StepRecord(
                record.id(),
                record.shard(),
                record.settings().in(TRACE.parent()).withSpanTags(spanTags),
                record.createdAt(),
                record.attempts(),
                record.answered(),
                record.state());
    }

    /** A step with a deadline. */
    public static StepSpec timed() {
        return within(small(), DEADLINE);
    }

    /** Its record, before the second attempt. */
    public static StepRecord timedRecord() {
        return within(
                record("timed", 1, LEASED_OWNER, List.of(), new StepState.Retrying(NOW.plusSeconds(90))), DEADLINE);
    }

    /** A step that may not start at once. */
    public static StepSpec delayed() {
        return within(small(), DELAY);
    }

    /** Its record, cancelled and redriven before it could start. */
    public static StepRecord delayedRecord() {
        return within(
                record("delayed", 1, LEASED_OWNER, List.of(), new StepState.Retrying(NOW.plusSeconds(80))), DELAY);
    }

    private static StepRecord record(
            String key, int attempt, String owner, List<FailedAttempt> history, StepState state) {
        return new StepRecord(
                new StepId(RUN, key),
                Shards.of(key, SHARDS),
                settings(3, key.equals("given-another-input") ? new Payload.Inline("{\"again\":true}") : null),
                NOW,
                new Attempts(new Attempts.Newest(attempt, owner, NOW.plusSeconds(30), 2), attempt - 1, history),
                new StepRecord.AnsweredCalls(1, key.equals("given-another-input") ? "after-the-fix" : null),
                state);
    }

    private static List<FailedAttempt> notes() {
        return List.of(
                new FailedAttempt(
                        1, NOW, NOW.plusSeconds(9), StepError.Kind.HANDLER_FAILED, "it broke: \" \\ \n größe"),
                new FailedAttempt(2, NOW.plusSeconds(10), NOW.plusSeconds(25), StepError.Kind.WORKER_LOST, "lost"));
    }

    /** A step that an attempt of the first format runs: by a lease of its own, and no worker's item. */
    public static StepRecord leased() {
        return record("leased", 3, LEASED_OWNER, notes(), new StepState.Running(NOW.plusSeconds(60), false));
    }

    /** A step that a worker runs which has an item. */
    public static StepRecord running() {
        return record(
                "running",
                3,
                WorkerRecord.owner(WORKER, 1),
                notes(),
                new StepState.Running(NOW.plusSeconds(900), true));
    }

    /** Records in all other states, by their keys. */
    public static List<StepRecord> records() {
        StepError error = new StepError(StepError.Kind.HANDLER_FAILED, "it broke: größe");
        Instant end = NOW.plusSeconds(40);
        return List.of(
                record("retrying", 2, LEASED_OWNER, notes(), new StepState.Retrying(NOW.plusSeconds(90))),
                record("given-another-input", 2, LEASED_OWNER, notes(), new StepState.Retrying(NOW)),
                record(
                        "succeeded",
                        1,
                        LEASED_OWNER,
                        List.of(),
                        new StepState.Succeeded(new Payload.Inline("{\"rows\":7}"), end)),
                record(
                        "result-in-an-item",
                        1,
                        LEASED_OWNER,
                        List.of(),
                        new StepState.Succeeded(new Payload.Item("results/r/k/1", 4_711, "ab".repeat(32)), end)),
                record(
                        "result-in-the-store",
                        1,
                        LEASED_OWNER,
                        List.of(),
                        new StepState.Succeeded(
                                new Payload.Stored("results/r/k/1", 5_000_000_000L, "cd".repeat(32)), end)),
                record("failed", 1, LEASED_OWNER, List.of(), new StepState.Failed(error, end)),
                record("dead", 3, LEASED_OWNER, notes(), new StepState.Dead(error, end, null)),
                record("dead-lettered", 3, LEASED_OWNER, notes(), new StepState.Dead(error, end, NOW.plusSeconds(41))),
                record("cancelled", 1, LEASED_OWNER, List.of(), new StepState.Cancelled(end)));
    }

    /** An open dispatch, swept once, of which a part was written again. */
    public static Dispatch dispatch() {
        BitSet finished = new BitSet();
        finished.set(3);
        finished.set(999);
        TreeMap<StepState.Name, Integer> counts = new TreeMap<>(Map.of(StepState.Name.SUCCEEDED, 2));
        TreeMap<StepState.Name, Integer> open = new TreeMap<>(Map.of(StepState.Name.RUNNING, 7));
        return new Dispatch(
                new DispatchId(RUN, DISPATCH),
                new Dispatch.Accepted(
                        "2:" + "ef".repeat(32),
                        SHARDS,
                        1_000,
                        new Payload.Stored("shared/abc", 123_456, "ab".repeat(32)),
                        NOW,
                        NOW.plus(Duration.ofDays(14)),
                        4),
                new Dispatch.Sending(NOW.plusSeconds(1), NOW.plusSeconds(240), 1),
                new Dispatch.Progress(
                        StepBits.of(finished),
                        counts,
                        open,
                        NOW.plusSeconds(60),
                        new Dispatch.Reading(NOW.plusSeconds(60), null, NOW.plusSeconds(120), 1, NOW.plusSeconds(50))),
                new Dispatch.Schedule(NOW.plusSeconds(120), NOW.plusSeconds(30)),
                new Dispatch.Refresh(NOW, new RefreshProgress(NOW.plusSeconds(5), StepBits.of(finished))),
                5);
    }

    /** Of a dispatch that is closed, whose target was tried twice. */
    public static Notification notification() {
        return new Notification(
                new NotifyTarget.Webhook("https://hooks.example.com/größe?a=b"),
                "acme",
                new TreeMap<>(Map.of("team", "größe")),
                new Notification.Closing(9, NOW.plusSeconds(180), 2, NOW.plusSeconds(360), "the webhook answered 503"));
    }

    public static RedriveCall redrive() {
        return new RedriveCall(RUN, "after-the-fix", "ab".repeat(32), NOW, 2, List.of("chrage"));
    }

    public static LogPage page() {
        return new LogPage(
                new StepId(RUN, "succeeded"),
                Shards.of("succeeded", SHARDS),
                1,
                0,
                NOW.plusSeconds(35),
                List.of("größe 7", "\u001e{\"stderr\":\"warned\"}"));
    }

    /** In the order of the names of their scopes: two that last, and between them one that has ended. */
    public static List<Pause> pauses() {
        Pause ofHandler =
                Pause.first(new PauseScope.OfHandler("payments.charge"), NOW.plusSeconds(60), "the bank is down");
        return List.of(
                Pause.first(new PauseScope.Everything(), NOW, ""),
                ofHandler.resumed(NOW.plusSeconds(3600)),
                Pause.first(new PauseScope.OfRun(RUN), NOW.plusSeconds(120), "größe/漢"));
    }

    /** A worker at its second heartbeat, which runs one of its two steps. */
    public static WorkerRecord worker() {
        StepRecord running = running();
        return new WorkerRecord(
                WORKER,
                List.of(
                        new Assignment(running.id(), running.shard(), DISPATCH, 3),
                        new Assignment(small().id(), small().shard(), DISPATCH, 0)),
                2,
                NOW.plusSeconds(45),
                null,
                new TreeMap<>(Map.of(
                        0,
                        new Activity(3, NOW.plusSeconds(30), new StepState.Progress(0.25, "a quarter"), "25 of 100"))));
    }
}
