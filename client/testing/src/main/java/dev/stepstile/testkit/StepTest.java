package dev.stepstile.testkit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepHandler;
import dev.stepstile.codec.Json;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Runs one step of a handler to its end, in memory: no server, no file, and no wait for a retry. What runs it is the engine
 * that runs it on AWS: the same worker, sweeper, serialisation, limits, fence and capture of output, over an SQLite database
 * in memory.
 *
 * <p>The step's clock goes as fast as the machine's while the handler runs, and leaps over the rest: a retry after ten
 * minutes takes no time. A handler that hangs is timed out after the real time, unless the clock is set forward
 * ({@link #clockForward}).
 *
 * <p>What a test lets go wrong is said before {@link #run}. A fault whose moment never comes fails the test.
 */
public final class StepTest {
    private final StepHandler handler;
    private final ObjectNode step = Json.object();
    private final ObjectNode dispatch = Json.object();
    private final ObjectNode sharedInputs = Json.object();
    private final SortedMap<String, String> headers = new TreeMap<>();
    private final List<Fault> faults = new ArrayList<>();

    private StepTest(StepHandler handler) {
        this.handler = handler;
        step.put("key", "step").put("handler", handler.name());
    }

    /** Of this handler. */
    public static StepTest of(StepHandler handler) {
        return new StepTest(handler);
    }

    /** @param input records, maps, lists, strings, numbers, booleans or null; by default null */
    public StepTest input(@Nullable Object input) {
        return inputJson(json(input));
    }

    /** @throws IllegalArgumentException if it is not JSON */
    public StepTest inputJson(String json) {
        step.set("input", parsed(json));
        return this;
    }

    /** One of the inputs that all steps of a dispatch share. */
    public StepTest sharedInput(String name, @Nullable Object value) {
        sharedInputs.set(name, parsed(json(value)));
        return this;
    }

    /** The step's key within its run; by default {@code step}. */
    public StepTest key(String key) {
        step.put("key", key);
        return this;
    }

    /** A tag of the step. */
    public StepTest tag(String name, String value) {
        step.withObject("/tags").put(name, value);
        return this;
    }

    /** The trace in which the step is dispatched, as the header of W3C Trace Context has it; by default none. */
    public StepTest traceparent(String value) {
        headers.put("traceparent", value);
        return this;
    }

    /** The tenant of the dispatch; by default its run. */
    public StepTest tenant(String tenant) {
        dispatch.put("tenant", tenant);
        return this;
    }

    /** The budget of attempts, 1 to 100; by default 3. */
    public StepTest maxAttempts(int attempts) {
        step.put("maxAttempts", attempts);
        return this;
    }

    /** How long an attempt may take, in whole seconds to 880 s; by default 5 minutes. */
    public StepTest timeout(Duration timeout) {
        step.put("timeoutSeconds", seconds(timeout));
        return this;
    }

    /** The wait after the n-th failure is anything from 0 to min(cap, base · 2ⁿ⁻¹); by default 1 s and 300 s. */
    public StepTest backoff(Duration base, Duration cap) {
        step.withObject("/retry").put("baseSeconds", seconds(base)).put("capSeconds", seconds(cap));
        return this;
    }

    /** No attempt begins so long after the dispatch, at most 7 days; by default the first begins at once. */
    public StepTest notBefore(Duration delay) {
        step.put("notBefore", seconds(delay));
        return this;
    }

    /**
     * A step that has not ended so long after the dispatch, at most 14 days, ends FAILED, and its handler is interrupted; by
     * default there is no deadline. It is the dispatch's, while {@link #timeout} is of one attempt.
     */
    public StepTest deadline(Duration afterTheDispatch) {
        dispatch.put("deadline", seconds(afterTheDispatch));
        return this;
    }

    /** Only these failures are retried: kinds of errors, or exceptions by their class; by default all. */
    public StepTest retryOn(String... names) {
        return retry("on", names);
    }

    /** These failures end the step FAILED at once: kinds of errors, or exceptions by their class; by default none. */
    public StepTest retryNever(String... names) {
        return retry("never", names);
    }

    private StepTest retry(String list, String... names) {
        ArrayNode named = step.withObject("/retry").putArray(list);
        for (String name : names) {
            named.add(name);
        }
        return this;
    }

    /**
     * Any other member of a step of a dispatch, as the wire contract has it.
     *
     * @param value records, maps, lists, strings, numbers, booleans or null
     */
    public StepTest setting(String member, @Nullable Object value) {
        step.set(member, parsed(json(value)));
        return this;
    }

    private static BigDecimal seconds(Duration duration) {
        BigDecimal seconds = BigDecimal.valueOf(duration.toMillis(), 3).stripTrailingZeros();
        return seconds.scale() < 0 ? seconds.setScale(0) : seconds; // 600, not 6E+2
    }

    private static String json(@Nullable Object value) {
        try {
            return Json.write(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("This value does not become JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static JsonNode parsed(String json) {
        try {
            return Json.parse(json);
        } catch (Json.BadJson e) {
            throw new IllegalArgumentException("This value is not JSON: " + e.getMessage(), e);
        }
    }

    /**
     * The worker is killed: nothing that comes after the moment happens in this attempt, not even its {@code finally} blocks.
     * Once the worker's lease is over, another attempt follows. The thread of the killed handler is kept until the JVM ends.
     *
     * @throws IllegalArgumentException for {@link Moment#waiting}: a JVM cannot kill a thread that waits
     */
    public StepTest loseWorker(Moment moment) {
        refuseWaiting(moment, "killed");
        return fault("lose the worker", moment, AttemptUnderTest::loseWorker);
    }

    /**
     * The worker stands still, as a machine that is suspended: it sends no heartbeat, its lease ends, and another attempt runs
     * to the end of the step. Then the handler goes on from the moment, with its older attempt number, and its result is
     * refused. A sink without a fence takes what it writes.
     *
     * @throws IllegalArgumentException for {@link Moment#waiting}: a JVM cannot suspend a thread that waits
     */
    public StepTest standStill(Moment moment) {
        refuseWaiting(moment, "suspended");
        return fault("let the worker stand still", moment, AttemptUnderTest::standStill);
    }

    /** The run is cancelled, and the attempt is interrupted by its worker's next heartbeat, which takes no time. */
    public StepTest cancel(Moment moment) {
        return fault("cancel", moment, AttemptUnderTest::cancel);
    }

    /** The clock is set forward, with the heartbeats on the way: beyond the timeout, the attempt is timed out. */
    public StepTest clockForward(Moment moment, Duration by) {
        return fault("set the clock forward", moment, attempt -> attempt.clockForward(by));
    }

    /** So many calls of the worker to the table and the queue are throttled from the moment on; it tries again. */
    public StepTest throttle(Moment moment, int calls) {
        return fault("throttle", moment, attempt -> attempt.throttle(calls));
    }

    /** The queue delivers the step's message again while the first attempt runs, and once more after its end. */
    public StepTest deliverTwice() {
        return fault("deliver twice", Moment.start(), AttemptUnderTest::deliverTwice);
    }

    static void refuseWaiting(Moment moment, String what) {
        if (moment.kind() == Moment.Kind.WAITING) {
            throw new IllegalArgumentException(
                    "A handler that waits cannot be " + what + " in a JVM; choose progress, start or end.");
        }
    }

    private StepTest fault(String what, Moment moment, Fault.Act act) {
        faults.add(new Fault(what, moment, act));
        return this;
    }

    /**
     * Runs the step until it has ended.
     *
     * @throws IllegalArgumentException if a setting is refused, as the API would refuse it
     * @throws AssertionError if a fault's moment never came
     */
    public StepOutcome run() throws InterruptedException {
        dispatch.putArray("steps").add(step);
        dispatch.set("sharedInputs", sharedInputs);
        try (StepRun run = new StepRun(handler, faults)) {
            return run.run(step.path("key").asText(), dispatch, headers);
        }
    }
}
