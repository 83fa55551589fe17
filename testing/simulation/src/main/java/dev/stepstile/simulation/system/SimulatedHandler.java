package dev.stepstile.simulation.system;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.simulation.ports.Observer;
import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.step.StepId;
import dev.stepstile.usecase.EngineRuntime;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * {@code simulated}: takes virtual time, fails or kills its worker as often as its input says, and returns which attempt it
 * was.
 */
public final class SimulatedHandler implements StepHandler {
    public static final String NAME = "simulated";

    /** Only results have it: the auditor looks for it where no result belongs. */
    public static final String RESULT_MARK = "resultOf";

    /**
     * What a step does.
     *
     * @param millis how long an attempt works
     * @param failures how many attempts fail first
     * @param terminal whether a failing attempt says that trying again is pointless
     * @param lines how many lines an attempt logs
     * @param kills how many attempts first kill their worker, once they have worked
     * @param result of how many bytes the result is made, if that is more than it needs
     * @param retryAfterMillis when a failing attempt asks to be tried again; 0 if it leaves that to the policy
     */
    record Work(long millis, int failures, boolean terminal, int lines, int kills, int result, long retryAfterMillis) {}

    private final SimulatedProcess process;
    private final Scheduler scheduler;
    private final Observer observer;

    /** @param process the worker */
    public SimulatedHandler(SimulatedProcess process, Scheduler scheduler, Observer observer) {
        this.process = process;
        this.scheduler = scheduler;
        this.observer = observer;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws IOException, InterruptedException {
        Work work = input.as(Work.class);
        StepId id = new StepId(context.runId(), context.stepKey());
        RunningHandler working = new RunningHandler(id, context.attempt(), input.json(), process, scheduler.millis());
        working.lines = work.lines();
        observer.workBegun(working);
        String result = null;
        try {
            result = work(work, working, context);
            return StepResult.ofJson(result);
        } finally {
            observer.workEnded(working, result);
        }
    }

    private String work(Work work, RunningHandler working, StepContext context)
            throws IOException, InterruptedException {
        EngineRuntime runtime = process.runtime();
        for (int i = 0; i < work.lines() - 1; i++) {
            context.log("line " + i);
        }
        if (work.millis() > 0) {
            runtime.tasks().sleepUntil(runtime.now().plusMillis(work.millis()));
        }
        if (work.lines() > 0) {
            context.log("last line");
        }
        if (context.attempt() <= work.kills()) {
            process.crash();
            scheduler.abandon();
        }
        if (context.attempt() <= work.failures()) {
            if (work.terminal()) {
                throw placeless(
                        new TerminalFailure("attempt " + context.attempt() + " fails for good, as it was told to"));
            }
            if (work.retryAfterMillis() > 0) {
                working.retryAfterMillis = work.retryAfterMillis();
                throw new RetryAfter(Duration.ofMillis(work.retryAfterMillis()), "later, as it was told to");
            }
            throw placeless(new IOException("attempt " + context.attempt() + " fails, as it was told to"));
        }
        return "{\"attempt\":" + context.attempt() + ",\"" + RESULT_MARK + "\":\"" + context.stepKey() + "\""
                + filling(work.result(), context) + "}";
    }

    /** Bytes that do not compress, of the step and the attempt alone. */
    private static String filling(int bytes, StepContext context) {
        if (bytes == 0) {
            return "";
        }
        RandomGenerator random = new SplittableRandom(context.stepKey().hashCode() * 31L + context.attempt());
        StringBuilder text = new StringBuilder(bytes + 16).append(",\"filling\":\"");
        while (text.length() < bytes) {
            text.append(Long.toString(random.nextLong() & Long.MAX_VALUE, 36));
        }
        return text.append('"').toString();
    }

    /** A stack trace would be logged, and have the simulator's own lines in it: pages are {@code lines} alone. */
    private static <T extends Throwable> T placeless(T failure) {
        failure.setStackTrace(new StackTraceElement[0]);
        return failure;
    }
}
