package dev.stepstile.functions.step;

import dev.stepstile.runtime.Signals;
import dev.stepstile.usecase.StepExecution;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The end of a step function's environment: it releases the steps that it runs. */
final class Termination {
    private static final Logger LOG = LoggerFactory.getLogger(Termination.class);

    /** As a shell reports a process that SIGTERM ended. */
    private static final int SIGTERM_STATUS = 143;

    /** What Lambda leaves an environment after SIGTERM is two seconds, with an internal extension half of one. */
    private static final Duration PATIENCE = Duration.ofMillis(200);

    private static final Duration TO_ANSWER = Duration.ofSeconds(1);

    private final StepExecution execution;
    private final ReentrantReadWriteLock invoked = new ReentrantReadWriteLock();

    Termination(StepExecution execution) {
        this.execution = execution;
    }

    /** Makes SIGTERM end this process this way. */
    void bySignal() {
        Signals.on("TERM", this::terminate);
    }

    /** An invocation; a signal waits a short time for its answer. */
    <T> T awaits(Supplier<T> invocation) {
        invoked.readLock().lock();
        try {
            return invocation.get();
        } finally {
            invoked.readLock().unlock();
        }
    }

    void stop(Duration patience) {
        try {
            execution.stop(patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void terminate() {
        stop(PATIENCE);
        try {
            boolean idle = invoked.writeLock().tryLock(TO_ANSWER.toMillis(), TimeUnit.MILLISECONDS);
            LOG.info("SIGTERM; {}.", idle ? "all steps have ended or were released" : "steps that still run are lost");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().exit(SIGTERM_STATUS);
    }
}
