package dev.stepstile.cli.run;

import dev.stepstile.cli.results.Result;
import dev.stepstile.cli.results.ResultSink;
import dev.stepstile.cli.rows.RowKeys;
import dev.stepstile.client.Follower;
import dev.stepstile.client.LogPage;
import dev.stepstile.client.RunEvent;
import dev.stepstile.client.RunStatus;
import dev.stepstile.client.StepDamaged;
import dev.stepstile.client.StepEnded;
import dev.stepstile.client.StepStatus;
import dev.stepstile.client.StepstileClient;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Follows the steps of rows to their ends, while they are still being dispatched, and has their results written. */
final class Following {
    /** How many of the steps that did not succeed are named at the end. */
    private static final int NAMED = 5;

    private static final Duration STATUS_EVERY = Duration.ofSeconds(2);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

    private final StepstileClient client;
    private final String runId;
    private final Dispatching dispatching;
    private final RowKeys keys;
    private final ResultSink results;
    private final RunReport report;
    private final InstantSource clock = InstantSource.system();
    private final Follower follower;
    private final Map<StepStatus, Integer> ended = new EnumMap<>(StepStatus.class);
    private final List<Result> unsuccessful = new ArrayList<>();
    private final Rate rate = new Rate();
    private Map<StepStatus, Integer> underway = Map.of();
    private Instant statusAt = Instant.EPOCH;
    private boolean attachedNoted;
    private boolean cancelled;
    private boolean nothingOpen;

    Following(
            StepstileClient client,
            String runId,
            Dispatching dispatching,
            RowKeys keys,
            ResultSink results,
            RunReport report) {
        this.client = client;
        this.runId = runId;
        this.dispatching = dispatching;
        this.keys = keys;
        this.results = results;
        this.report = report;
        this.follower = client.follow(runId, List.of());
    }

    /** Until each step has ended. */
    Standing toTheEnd(Interrupts interrupts) throws InterruptedException {
        while (true) {
            boolean allDispatched = dispatching.ended();
            followNewKeys();
            List<RunEvent> events = follower.poll();
            write(events);
            Instant now = clock.instant();
            rate.note(now, count(ended));
            readStatus(now, allDispatched);
            report.progress(standing(allDispatched));
            noteAttached(allDispatched);
            boolean complete = allDispatched && count(ended) >= dispatching.dispatched();
            if (complete || (cancelled && nothingOpen && events.isEmpty())) {
                return standing(true);
            }
            if (interrupts.cancelWanted() && !cancelled) {
                cancel();
            }
            Thread.sleep(shorter(follower.pause(), LONGEST_PAUSE));
        }
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private void followNewKeys() {
        List<String> followed = new ArrayList<>();
        for (String key : dispatching.newKeys()) {
            if (results.hasSuccess(key)) {
                ended.merge(StepStatus.SUCCEEDED, 1, Integer::sum);
            } else {
                followed.add(key);
            }
        }
        if (!followed.isEmpty()) {
            follower.add(followed);
        }
    }

    private void write(List<RunEvent> events) {
        List<Result> ends = new ArrayList<>();
        for (RunEvent event : events) {
            switch (event) {
                case StepEnded end -> ends.add(Result.of(runId, keys.row(end.key()), end));
                case StepDamaged step -> ends.add(Result.of(runId, keys.row(step.key()), step));
                case LogPage _ -> {} // not asked for
            }
        }
        results.append(ends);
        for (Result end : ends) {
            ended.merge(end.state(), 1, Integer::sum);
            if (end.state() != StepStatus.SUCCEEDED && unsuccessful.size() < NAMED) {
                unsuccessful.add(end);
            }
        }
    }

    private void readStatus(Instant now, boolean allDispatched) {
        if (now.isBefore(statusAt) || dispatching.dispatched() == 0) {
            return;
        }
        RunStatus status = client.status(runId);
        underway = new EnumMap<>(StepStatus.class);
        for (StepStatus one : List.of(StepStatus.RUNNING, StepStatus.RETRYING)) {
            underway.put(one, status.counts().getOrDefault(one, 0));
        }
        nothingOpen = allDispatched && status.openDispatchCount() == 0;
        statusAt = now.plus(STATUS_EVERY);
    }

    private void noteAttached(boolean allDispatched) {
        if (allDispatched && !attachedNoted && dispatching.attached() > 0) {
            attachedNoted = true;
            int attached = dispatching.attached();
            report.note((attached == 1 ? "1 row was a step" : attached + " rows were steps") + " of run " + runId
                    + " before, by another dispatch: what input and settings it had then is what counts.");
        }
    }

    /** What is being dispatched is waited for: after the cancel, the run accepts nothing. */
    private void cancel() throws InterruptedException {
        dispatching.stop();
        dispatching.join();
        client.cancel(runId);
        cancelled = true;
        statusAt = clock.instant();
        report.note("The run is cancelled. Waiting for the steps that run to stop.");
    }

    private Standing standing(boolean allDispatched) {
        int done = count(ended);
        Integer total = dispatching.total(allDispatched);
        double perSecond = rate.perSecond(clock.instant(), done);
        Duration left = total == null ? null : Rate.left(total - done, perSecond);
        return new Standing(total, dispatching.dispatched(), Map.copyOf(ended), underway, perSecond, left);
    }

    private static int count(Map<StepStatus, Integer> ended) {
        return ended.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** The first steps that did not succeed. */
    List<Result> unsuccessful() {
        return Collections.unmodifiableList(unsuccessful);
    }

    boolean cancelled() {
        return cancelled;
    }
}
