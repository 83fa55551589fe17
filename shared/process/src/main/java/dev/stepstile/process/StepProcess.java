package dev.stepstile.process;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepResult;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Follows a step's process to its end, or ends it. */
final class StepProcess {
    /** How often what the process reports is read. */
    private static final Duration POLL = Duration.ofMillis(200);

    /** How long a process's output may stay open after its end, and its end unreported after it has closed all. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    /** How long to wait for a killed process to exit. */
    private static final Duration KILL_TIMEOUT = Duration.ofSeconds(5);

    private final RunningProcess process;
    private final ProcessGroups groups;
    private final Conversation conversation;
    private final OutputTail stderrTail = new OutputTail();
    private final OutputLines stdout;
    private final OutputLines stderr;

    StepProcess(RunningProcess process, ProcessGroups groups, Conversation conversation, StepContext step) {
        this.process = process;
        this.groups = groups;
        this.conversation = conversation;
        this.stdout = new OutputLines(conversation.output(process.stdout()), line -> step.log(LogRecords.stdout(line)));
        this.stderr = new OutputLines(process.stderr(), line -> {
            stderrTail.add(line);
            step.log(LogRecords.stderr(line));
        });
    }

    /**
     * Passes on the process's output and reports while it runs, and returns its result.
     *
     * @param grace how long the process may take to end by itself if this thread is interrupted
     * @throws InterruptedException once the process has ended, unless it has succeeded all the same
     */
    StepResult follow(Duration grace) throws IOException, ProcessFailed, InterruptedException {
        try {
            ProcessExit exit = null;
            while (exit == null) {
                exit = awaitExit(POLL);
                conversation.read();
            }
            drain();
            return conversation.result(exit, stderrTail.toString());
        } catch (InterruptedException stopped) {
            ProcessExit exit = stop(grace);
            drain();
            Optional<StepResult> finished = exit == null ? Optional.empty() : conversation.resultOfStopped(exit);
            return finished.orElseThrow(() -> stopped);
        } finally {
            groups.end(process.group());
        }
    }

    /** Reads the remaining output and reports, after the processes that it left running were killed. */
    private void drain() throws IOException {
        groups.end(process.group());
        stdout.awaitEnd(LINGER);
        stderr.awaitEnd(LINGER);
        conversation.readRest();
    }

    /** How the process ended; null if it has not within this time. */
    private @Nullable ProcessExit awaitExit(Duration patience) throws InterruptedException {
        ProcessExit exit = reported(patience);
        if (exit == null && stdout.ended() && stderr.ended()) {
            if (process.orphaned().isDone()) {
                return new ProcessExit.Unknown();
            }
            if (conversation.closed()) { // no more messages follow, and a busy host may report its end late
                exit = reported(LINGER);
                return exit == null ? new ProcessExit.Unknown() : exit;
            }
        }
        return exit;
    }

    private @Nullable ProcessExit reported(Duration patience) throws InterruptedException {
        try {
            return process.exit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException notYet) {
            return null;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /**
     * Asks the process to end, and kills it if it has not after {@code grace} or once this thread is interrupted again.
     *
     * @return how it ended of itself; null if it was killed
     */
    private @Nullable ProcessExit stop(Duration grace) {
        groups.signal(ProcessGroups.TERM, process.group());
        ProcessExit exit = endWithin(grace);
        if (exit == null) {
            groups.signal(ProcessGroups.KILL, process.group());
            endWithin(KILL_TIMEOUT);
        }
        return exit;
    }

    private @Nullable ProcessExit endWithin(Duration patience) {
        Instant giveUp = Instant.now().plus(patience);
        try {
            ProcessExit exit = null;
            while (exit == null && Instant.now().isBefore(giveUp)) {
                Duration left = Duration.between(Instant.now(), giveUp);
                exit = awaitExit(left.compareTo(POLL) < 0 ? left : POLL);
            }
            return exit;
        } catch (InterruptedException again) {
            return null;
        }
    }
}
