package dev.stepstile.api;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** One attempt of a step, as its handler sees it. */
public interface StepContext {

    /** The orchestrator's run. */
    String runId();

    /** The step within the run. */
    String stepKey();

    /** The attempt's number, 1, 2, 3 …: also the fence by which a sink can refuse an older attempt. */
    int attempt();

    /** When this attempt is interrupted, at the latest. */
    Instant deadline();

    /** Tags that the dispatch gave to the step. */
    Map<String, String> tags();

    /** The tenant that the dispatch named; the run, if it named none. */
    default String tenant() {
        return runId();
    }

    /**
     * The trace in which the attempt runs, as the header {@code traceparent} of W3C Trace Context has it: for the spans and
     * calls of the handler. The attempt's own span while the stack exports traces, else the span of whoever dispatched
     * the step; empty if the dispatch came without a trace.
     */
    default Optional<String> traceparent() {
        return Optional.empty();
    }

    /** The header {@code tracestate} that came with the dispatch, unchanged; empty without one. */
    default Optional<String> tracestate() {
        return Optional.empty();
    }

    /**
     * Reports how far the step is; the newest value is sent with the next heartbeat. Cheap enough for a loop.
     *
     * @param fraction 0 to 1
     * @param note a few words, cut at 100 characters
     */
    void progress(double fraction, String note);

    /** Adds a line to the attempt's log, which the run's feed shows while the step runs. Cut at the log limit. */
    void log(String line);

    /**
     * True once the run was cancelled, or the worker was revoked because it had sent no heartbeat for longer than its lease:
     * the handler should end. What a cancelled attempt returns within its handler's {@link StepHandler#grace() grace} is still
     * recorded; what an attempt of a revoked worker returns is not.
     */
    boolean cancelled();
}
