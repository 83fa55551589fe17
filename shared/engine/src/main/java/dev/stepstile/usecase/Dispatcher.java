package dev.stepstile.usecase;

import dev.stepstile.codec.Json;
import dev.stepstile.codec.ManifestCodec;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Notification;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.Origin;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.Span;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepTags;
import dev.stepstile.step.Times;
import dev.stepstile.step.TraceContext;
import dev.stepstile.step.TraceParent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Takes over steps: writes down what must happen, then sends a message for each. A crash anywhere leaves a dispatch
 * that the sweeper finishes, or none.
 */
public final class Dispatcher {
    private static final int PUTS_AT_ONCE = 16;
    private static final int MARK_TRIES = 5;

    private final StepStore store;
    private final Payloads payloads;
    private final ManifestReader manifests;
    private final StepSender sender;
    private final Timing timing;
    private final EngineRuntime runtime;
    private final Meter meter;
    private final Traces traces;
    private final Notifier notifier;
    private final int shards;

    Dispatcher(EngineParts parts, int shards) {
        this.store = parts.store();
        this.payloads = parts.payloads();
        this.runtime = parts.runtime();
        this.manifests = new ManifestReader(store, payloads, runtime.tasks());
        this.sender = new StepSender(parts.queue(), runtime);
        this.notifier = parts.ports().notifier();
        this.timing = parts.timing();
        this.meter = parts.meter();
        this.traces = parts.traces();
        this.shards = shards;
    }

    /** A step as its caller gives it; {@code input} is JSON text. */
    public record NewStep(
            String key,
            String handler,
            String input,
            RetryPolicy retry,
            Duration timeout,
            SortedMap<String, String> tags,
            Times times) {

        /** Of a step that may run at any time. */
        public NewStep(
                String key,
                String handler,
                String input,
                RetryPolicy retry,
                Duration timeout,
                SortedMap<String, String> tags) {
            this(key, handler, input, retry, timeout, tags, Times.NONE);
        }
    }

    /**
     * A valid call.
     *
     * @param dispatchId null: named by its content, so that the same call twice is one dispatch
     * @param tenant the group of the steps' messages in a fair queue; null: the run
     * @param commonTags of all steps; a step's own tag wins
     * @param notifies who is told that the dispatch has ended; null: nobody
     */
    public record Request(
            String runId,
            @Nullable String dispatchId,
            @Nullable String tenant,
            List<NewStep> steps,
            SortedMap<String, String> sharedInputs,
            SortedMap<String, String> commonTags,
            @Nullable NotifyTarget notifies) {

        public Request(
                String runId,
                @Nullable String dispatchId,
                @Nullable String tenant,
                List<NewStep> steps,
                SortedMap<String, String> sharedInputs,
                SortedMap<String, String> commonTags) {
            this(runId, dispatchId, tenant, steps, sharedInputs, commonTags, null);
        }

        /** The tenant, named or not. */
        public String group() {
            return tenant == null ? runId : tenant;
        }

        public Request(
                String runId,
                @Nullable String dispatchId,
                List<NewStep> steps,
                SortedMap<String, String> sharedInputs) {
            this(runId, dispatchId, null, steps, sharedInputs, new TreeMap<>());
        }
    }

    /** What became of the call. */
    public sealed interface Answer {
        /**
         * The steps are written down.
         *
         * @param replayed this very call was accepted before
         * @param attached so many of the steps an earlier dispatch had already started; they stay as it has them
         */
        record Accepted(String dispatchId, int steps, boolean replayed, int attached) implements Answer {
            public Accepted(String dispatchId, int steps, boolean replayed) {
                this(dispatchId, steps, replayed, 0);
            }
        }

        /** The dispatchId was used for other content. */
        record Conflict(String dispatchId) implements Answer {}

        /**
         * A time of the dispatch cannot be held.
         *
         * @param member which one, as its caller names it
         */
        record OutOfTime(String member, String detail) implements Answer {}

        /** The run was cancelled, and takes no more steps. */
        record RunCancelled(String runId) implements Answer {}
    }

    /** Why this stack never tells that target, as the end of a sentence; null if it may. */
    public @Nullable String refusal(NotifyTarget target) {
        return notifier.refusal(target);
    }

    /** As {@link #dispatch(Request, TraceContext)}, of no trace. */
    public Answer dispatch(Request request) throws InterruptedException {
        return dispatch(request, null);
    }

    /**
     * Safe to call again after a failure, with the same answer.
     *
     * @param trace the caller's, in which the steps run; a call again in another trace changes nothing. Null: of no trace
     */
    public Answer dispatch(Request request, @Nullable TraceContext trace) throws InterruptedException {
        try {
            return dispatched(request, trace);
        } finally {
            traces.flush();
        }
    }

    private Answer dispatched(Request request, @Nullable TraceContext trace) throws InterruptedException {
        String digest = DispatchDigest.of(request);
        String given = request.dispatchId();
        String dispatchId = given == null ? DispatchDigest.name(digest) : given;
        Instant now = runtime.now();
        Optional<Answer> refused = TimeLimits.refusal(request, now);
        if (refused.isPresent()) { // a repeated call was accepted when it was not
            return store.dispatch(request.runId(), dispatchId)
                    .map(existing -> replay(existing, request))
                    .orElse(refused.get());
        }
        Optional<Run> known = store.keepRun(request.runId()); // a cancelled one too: it stays cancelled
        Run run = known.orElseGet(() -> store.putRunIfAbsent(new Run(request.runId(), now, shards, 0)));
        if (run.cancelled()) {
            return store.dispatch(request.runId(), dispatchId)
                    .map(existing -> replay(existing, request))
                    .orElse(new Answer.RunCancelled(request.runId()));
        }
        List<StepSpec> steps = specs(request, run, origins(request.runId(), dispatchId, trace, now), now);
        Records records = known.isPresent() ? manifests.records(steps) : Records.none();
        List<StepRecord> attached = attached(records, dispatchId);
        Dispatch dispatch = Dispatch.unsent(
                        new DispatchId(run.runId(), dispatchId),
                        accepted(digest, run, steps, now, attached.size()),
                        now.plus(timing.sweepEvery()),
                        writtenSince(records, attached, now),
                        actAt(steps, now))
                .notifying(notification(request));
        Optional<Dispatch> existing = store.putDispatchIfAbsent(dispatch);
        if (existing.isPresent()) {
            return replay(existing.get(), request);
        }
        if (sender.send(steps)) {
            markSent(dispatch);
        }
        tell(dispatch, steps.getFirst().settings().trace(), request);
        meter.add(Metric.STEPS_DISPATCHED, steps.size());
        return new Answer.Accepted(dispatchId, steps.size(), false, attached.size());
    }

    private Dispatch.Accepted accepted(String digest, Run run, List<StepSpec> steps, Instant now, int attached) {
        return new Dispatch.Accepted(
                digest,
                run.shards(),
                steps.size(),
                payloads.putShared(ManifestCodec.write(steps)),
                now,
                now.plus(timing.validity()),
                attached);
    }

    private static Instant writtenSince(Records records, List<StepRecord> attached, Instant now) {
        return records.damaged().isEmpty()
                ? attached.stream().map(StepRecord::lastWritten).reduce(now, (a, b) -> a.isBefore(b) ? a : b)
                : Instant.EPOCH; // nobody knows since when, so it is refreshed at once
    }

    private @Nullable Instant actAt(List<StepSpec> steps, Instant now) {
        return steps.stream()
                .map(step -> DueReading.actAt(step.settings().window(), timing, now))
                .filter(Objects::nonNull)
                .min(Comparator.naturalOrder())
                .orElse(null);
    }

    private static @Nullable Notification notification(Request request) {
        NotifyTarget target = request.notifies();
        return target == null ? null : Notification.of(target, request.group(), request.commonTags());
    }

    private static Answer replay(Dispatch existing, Request request) {
        return DispatchDigest.isOf(existing.accepted().digest(), request)
                ? new Answer.Accepted(
                        existing.dispatchId(),
                        existing.accepted().stepCount(),
                        true,
                        existing.accepted().attached())
                : new Answer.Conflict(existing.dispatchId());
    }

    /** It lasts for an instant, as no other end of it is stored. */
    private void tell(Dispatch dispatch, @Nullable TraceParent origin, Request request) {
        if (traces.exported()) {
            Instant at = dispatch.accepted().createdAt();
            Span.Sent sent = new Span.Sent(dispatch.id(), dispatch.accepted().stepCount(), request.commonTags());
            Span.of(dispatch.id(), origin, sent, at, at).ifPresent(traces::tell);
        }
    }

    /** The records of those of these steps that another dispatch started. */
    private static List<StepRecord> attached(Records records, String dispatchId) {
        return records.found().values().stream()
                .filter(record -> !record.settings().dispatchId().equals(dispatchId))
                .toList();
    }

    private void markSent(Dispatch sent) {
        Dispatch read = sent;
        for (int i = 0; i < MARK_TRIES && !store.replace(read.sent(runtime.now())); i++) {
            Optional<Dispatch> current = store.dispatch(sent.runId(), sent.dispatchId());
            if (current.isEmpty() || current.get().sending().sentAt() != null) {
                return;
            }
            read = current.get();
        }
    }

    /** While spans are exported, a dispatch without a trace begins one, which no other dispatch of this name has. */
    private Origins origins(String runId, String dispatchId, @Nullable TraceContext trace, Instant now) {
        if (trace != null || !traces.exported()) {
            return new Origins(dispatchId, trace);
        }
        TraceParent root = TraceParent.rootOf(new DispatchId(runId, dispatchId), now);
        return new Origins(dispatchId, new TraceContext(root, null));
    }

    /** What the steps of a dispatch come from. */
    private record Origins(String dispatchId, @Nullable TraceContext trace) {
        Origin of(int index) {
            return new Origin(dispatchId, index, trace == null ? null : trace.parent());
        }

        @Nullable
        String tracestate() {
            return trace == null ? null : trace.state();
        }
    }

    private List<StepSpec> specs(Request request, Run run, Origins origins, Instant now) throws InterruptedException {
        SortedMap<String, Payload> shared = new TreeMap<>();
        int count = request.steps().size();
        request.sharedInputs().forEach((name, json) -> shared.put(name, payloads.putShared(json, count)));
        Tags tags = tags(request);
        StepSpec.Queueing queueing =
                new StepSpec.Queueing(request.group(), now.plus(timing.validity()), origins.tracestate());
        List<Payload> inputs = inputs(request.steps());
        List<StepSpec> specs = new ArrayList<>();
        for (int index = 0; index < request.steps().size(); index++) {
            NewStep step = request.steps().get(index);
            specs.add(new StepSpec(
                    new StepId(request.runId(), step.key()),
                    Shards.of(step.key(), run.shards()),
                    new StepSettings(
                            origins.of(index),
                            step.handler(),
                            step.retry(),
                            step.timeout(),
                            null,
                            step.times().from(now)),
                    inputs.get(index),
                    shared,
                    tags.of(step),
                    queueing));
        }
        return specs;
    }

    /** The tags of all steps: sent with each step or, where that would be too much, stored once and referred to. */
    private record Tags(
            SortedMap<String, String> common, @Nullable Payload stored) {
        StepTags of(NewStep step) {
            if (stored != null || common.isEmpty()) {
                return new StepTags(step.tags(), stored);
            }
            SortedMap<String, String> all = new TreeMap<>(common);
            all.putAll(step.tags());
            return new StepTags(all, null);
        }
    }

    private Tags tags(Request request) {
        String json = Json.print(Json.object(request.commonTags()));
        int count = request.steps().size();
        boolean inline = Payloads.mayTravel(json.getBytes(StandardCharsets.UTF_8).length, count);
        return new Tags(request.commonTags(), inline ? null : payloads.putShared(json, count));
    }

    /** Small inputs cost no call, so only a dispatch with a large one forks. */
    private List<Payload> inputs(List<NewStep> steps) throws InterruptedException {
        boolean small = steps.stream().allMatch(step -> step.input().length() <= 128);
        return small
                ? steps.stream().map(step -> payloads.putShared(step.input())).toList()
                : ParallelCalls.map(
                        runtime.tasks(), PUTS_AT_ONCE, "put inputs", steps, step -> payloads.putShared(step.input()));
    }
}
