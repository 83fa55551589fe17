package dev.stepstile.simulation.scenarios;

import dev.stepstile.simulation.Scenario;
import dev.stepstile.simulation.Simulation;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.system.SimulatedHandler;
import dev.stepstile.step.Moment;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Times;
import dev.stepstile.usecase.Dispatcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One of each kind of thing that a step can do or suffer, in surroundings in which delays are bounded: results and inputs of
 * each size, timeouts, delays that a handler asks for, workers that die, lost messages, a cancelled run that is redriven,
 * dead letters that are moved back, a dispatch in each bucket, and readers who follow it all.
 */
final class VariedScenario implements Scenario {
    private static final String OTHER = "q";
    private static final String SINGLES = "s";
    private static final String TENANT = "acme";
    private static final Duration LONGEST = Duration.ofHours(12);
    private static final String FILLING = "x".repeat(700);

    @Override
    public void on(Simulation simulation) {
        simulation.dispatch(at(0), kinds());
        simulation.dispatch(at(1), request(RUN, "many", many("many", 24, 15_000)));
        simulation.dispatch(at(3), request(RUN, "lost", many("lost", 8, 2_000)));
        simulation.strike(Duration.ofMillis(3_400), () -> simulation.queue().lose(body -> body.contains("lost-")));
        simulation.at(at(150), "operator", () -> simulation.deadLetters().moveBack(body -> body.contains("dies-0")));
        simulation.redrive(at(200), RUN, StepState.REDRIVABLE, Set.of("dies-1", "times-out"));
        for (int i = 0; i < 24; i++) {
            simulation.dispatch(at(5 + 2 * i), request(SINGLES, "one-" + i, List.of(step("one-" + i, 2, 300, 0))));
        }
        simulation.dispatch(at(2), cancelled());
        simulation.dispatch(at(6), delayed());
        simulation.dispatch(at(7), timely());
        simulation.strike(Duration.ofMillis(7_400), () -> simulation.queue().lose(body -> body.contains("unheard")));
        simulation.redrive(at(420), RUN, StepState.REDRIVABLE, Set.of("too-long-0", "unheard"));
        simulation.strike(Duration.ofMillis(6_400), () -> simulation.queue().lose(body -> body.contains("soon-0")));
        simulation.dispatch(at(4), request(OTHER, "again", List.of(step("runs-0", 3, 120_000, 0))));
        simulation.cancel(at(70), OTHER);
        simulation.redrive(
                at(160),
                OTHER,
                Set.of(StepState.Name.CANCELLED),
                Set.of("runs-0", "runs-1", "retries-0", "cancelled-early"));
        for (String run : List.of(RUN, OTHER, SINGLES)) {
            simulation.follow(at(1), run, LONGEST);
        }
    }

    private static Duration at(int seconds) {
        return Duration.ofSeconds(seconds);
    }

    private static Dispatcher.Request kinds() {
        List<Dispatcher.NewStep> steps = new ArrayList<>();
        for (int size : List.of(0, 3_000, 20_000)) {
            steps.add(step("result-" + size, 2, "\"millis\":800,\"lines\":3,\"result\":" + size, 300));
            steps.add(step("slow-" + size, 3, "\"millis\":170000,\"lines\":2,\"result\":" + size, 300));
        }
        steps.add(step("input-700", 2, "\"millis\":500,\"note\":\"" + FILLING + "\"", 300));
        steps.add(step("input-21000", 2, "\"millis\":500,\"note\":\"" + FILLING.repeat(30) + "\"", 300));
        steps.add(step("times-out", 2, "\"millis\":200000", 40));
        steps.add(step("asks-for-time", 3, "\"millis\":300,\"failures\":2,\"retryAfterMillis\":50000", 300));
        steps.add(step("gives-up", 3, "\"millis\":300,\"failures\":1,\"terminal\":true", 300));
        RetryRule never = new RetryRule(List.of(), List.of("java.io.IOException", "TIMEOUT"));
        RetryRule on = new RetryRule(List.of("TIMEOUT"), List.of());
        steps.add(ruled("not-again", "\"millis\":300,\"failures\":1", 300, never));
        steps.add(ruled("not-too-late", "\"millis\":200000", 40, never));
        steps.add(ruled("only-when-late", "\"millis\":300,\"failures\":1", 300, on));
        steps.add(ruled("late-again", "\"millis\":200000", 40, on));
        steps.add(ruled("killed-again", "\"millis\":1200,\"kills\":1", 300, on));
        steps.add(ruled("asked-again", "\"millis\":300,\"failures\":1,\"retryAfterMillis\":5000", 300, on));
        for (int i = 0; i < 3; i++) {
            steps.add(step("kills-" + i, 4, "\"millis\":" + (1_000 + 500 * i) + ",\"kills\":1", 300));
            steps.add(step("dies-" + i, 1, "\"millis\":400,\"failures\":1", 300));
            steps.add(step("fails-" + i, 4, "\"millis\":400,\"failures\":" + (i + 1), 300));
        }
        return new Dispatcher.Request(RUN, "kinds", TENANT, steps, shared(), new TreeMap<>());
    }

    private static SortedMap<String, String> shared() {
        SortedMap<String, String> shared = new TreeMap<>();
        shared.put("small", "{\"n\":1}");
        shared.put("large", "\"" + FILLING.repeat(12) + "\"");
        return shared;
    }

    private static Dispatcher.Request cancelled() {
        List<Dispatcher.NewStep> steps = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            steps.add(step("runs-" + i, 3, 120_000, 0));
            steps.add(step("retries-" + i, 9, "\"millis\":500,\"failures\":4,\"retryAfterMillis\":40000", 300));
        }
        steps.add(delayed("cancelled-early", new Moment.After(at(400))));
        return new Dispatcher.Request(OTHER, "cancelled", TENANT, steps, new TreeMap<>(), new TreeMap<>());
    }

    /** Some are sent at once, and delayed by the queue; the others by a sweep. */
    private static Dispatcher.Request delayed() {
        List<Dispatcher.NewStep> steps = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            steps.add(delayed("soon-" + i, new Moment.After(at(30 + 20 * i))));
            steps.add(delayed("later-" + i, new Moment.After(at(1_000 + 100 * i))));
        }
        steps.add(delayed("at-an-instant", new Moment.At(Scheduler.START.plusSeconds(300))));
        steps.add(delayed("at-once", new Moment.At(Scheduler.START)));
        return new Dispatcher.Request(RUN, "delayed", TENANT, steps, new TreeMap<>(), new TreeMap<>());
    }

    /** Fails once. */
    private static Dispatcher.NewStep delayed(String key, Moment notBefore) {
        Dispatcher.NewStep step = step(key, 3, 500, 1);
        return new Dispatcher.NewStep(
                key,
                step.handler(),
                step.input(),
                step.retry(),
                step.timeout(),
                step.tags(),
                new Times(notBefore, null));
    }

    /** All end at 200 seconds, at the latest. */
    private static Dispatcher.Request timely() {
        Moment deadline = new Moment.After(at(200));
        List<Dispatcher.NewStep> steps = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            steps.add(timed("in-time-" + i, "\"millis\":500,\"failures\":" + i, null, deadline));
            steps.add(timed("too-long-" + i, "\"millis\":" + (250_000 + 7_000 * i), null, deadline));
            steps.add(timed("kills-late-" + i, "\"millis\":" + (170_000 + 5_000 * i) + ",\"kills\":1", null, deadline));
            steps.add(timed(
                    "waits-too-long-" + i,
                    "\"millis\":300,\"failures\":1,\"retryAfterMillis\":" + (190_000 + 10_000 * i),
                    null,
                    deadline));
        }
        steps.add(timed("unheard", "\"millis\":300", null, deadline));
        steps.add(timed("just-before", "\"millis\":60000", new Moment.After(at(180)), deadline));
        return new Dispatcher.Request(RUN, "timely", TENANT, steps, new TreeMap<>(), new TreeMap<>());
    }

    private static Dispatcher.NewStep timed(
            String key, String work, @Nullable Moment notBefore, @Nullable Moment deadline) {
        Dispatcher.NewStep step = step(key, 3, work, 300);
        return new Dispatcher.NewStep(
                key,
                step.handler(),
                step.input(),
                step.retry(),
                step.timeout(),
                step.tags(),
                new Times(notBefore, deadline));
    }

    private static List<Dispatcher.NewStep> many(String keys, int steps, long millis) {
        List<Dispatcher.NewStep> all = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            all.add(step(keys + "-" + i, 3, millis, 0));
        }
        return all;
    }

    private static Dispatcher.NewStep step(String key, int attempts, long millis, int failures) {
        return step(key, attempts, "\"millis\":" + millis + ",\"failures\":" + failures + ",\"lines\":1", 300);
    }

    private static Dispatcher.NewStep step(String key, int attempts, String work, int timeoutSeconds) {
        return new Dispatcher.NewStep(
                key,
                SimulatedHandler.NAME,
                "{" + work + "}",
                new RetryPolicy(attempts, Duration.ofSeconds(10), Duration.ofMinutes(1)),
                Duration.ofSeconds(timeoutSeconds),
                new TreeMap<>());
    }

    private static Dispatcher.NewStep ruled(String key, String work, int timeoutSeconds, RetryRule rule) {
        Dispatcher.NewStep step = step(key, 3, work, timeoutSeconds);
        RetryPolicy retry = step.retry();
        return new Dispatcher.NewStep(
                key,
                step.handler(),
                step.input(),
                new RetryPolicy(retry.maxAttempts(), retry.base(), retry.cap(), rule),
                step.timeout(),
                step.tags());
    }

    private static Dispatcher.Request request(String runId, String dispatchId, List<Dispatcher.NewStep> steps) {
        return new Dispatcher.Request(runId, dispatchId, steps, new TreeMap<>());
    }
}
