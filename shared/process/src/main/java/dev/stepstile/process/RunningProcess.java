package dev.stepstile.process;

import java.io.InputStream;
import java.util.concurrent.CompletableFuture;

/**
 * A process that runs a step.
 *
 * @param group its id, which is its process group's too
 * @param exit completed when it is known how it ended
 * @param orphaned whether its parent is gone, so that nobody will tell how it ends
 */
record RunningProcess(
        long group,
        InputStream stdout,
        InputStream stderr,
        CompletableFuture<ProcessExit> exit,
        CompletableFuture<Void> orphaned) {}
