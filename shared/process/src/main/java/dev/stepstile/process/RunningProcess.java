package dev.stepstile.process;

import java.io.InputStream;
import java.util.concurrent.CompletableFuture;

/**
 * A process that runs a step.
 *
 * @param group its process id, which is also the id of its process group
 * @param exit completed once it is known how the process ended
 * @param orphaned completed once its parent has exited, so that nobody can report how it ends
 */
record RunningProcess(
        long group,
        InputStream stdout,
        InputStream stderr,
        CompletableFuture<ProcessExit> exit,
        CompletableFuture<Void> orphaned) {}
