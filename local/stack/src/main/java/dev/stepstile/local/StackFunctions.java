package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.local.events.Worker;
import java.time.Duration;
import java.util.SortedMap;

/** The four functions, as the parts of a stack call them. */
interface StackFunctions {
    Duration SWEEP_TIMEOUT = Duration.ofSeconds(60);

    RequestStreamHandler dispatch();

    RequestStreamHandler runs();

    /** A new environment of the step function. */
    Worker worker();

    /** Runs the sweeper once. */
    void sweep();

    /** The handlers that were found at the start, each with where it is from; empty if workers load them themselves. */
    SortedMap<String, String> installed();
}
