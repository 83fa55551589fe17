package dev.stepstile.process;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepResult;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Follows a step's process to its end, or brings that about. */
final class StepProcess {
    /** How often messages are looked for. */
    private static final Duration LOOK = Duration.ofMillis(200);

    /** How long a process's output may stay open after its end, and its end unreported after it has closed all. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    /** For as long as this a killed process may take to be gone. */
    private static final Duration GONE = Duration.ofSeconds(5);

    private final RunningProcess process;
    private final ProcessGroups groups;
    private final MessageFile messages;
    private final PipesSession session;
    private final LastLines lastWords = new LastLines();
    private final OutputLines stdout;
    private final OutputLines stderr;

    StepProcess(RunningProcess process, ProcessGroups groups, MessageFile messages, StepContext step) {
        this.process = process;
        this.groups = groups;
        this.messages = messages;
        this.session = new PipesSession(step);
        this.stdout = new OutputLines(process.stdout(), line -> step.log(LogRecords.stdout(line)));
        this.stderr = new OutputLines(process.stderr(), line -> {
            lastWords.add(line);
            step.log(LogRecords.stderr(line));
        });
    }

    /**
     * Passes on what the process says while it runs, and tells what it came to.
     *
     * @param grace how long it may take to end by itself if this thread is interrupted
     * @throws InterruptedException once the process is gone
     */
    StepResult follow(Duration grace) throws IOException, ProcessFailed, InterruptedException {
        try {
            Exit exit = null;
            while (exit == null) {
                exit = awaitExit(LOOK);
                messages.read(session::accept);
            }
            drain();
            return session.result(exit, lastWords.toString());
        } catch (InterruptedException stopped) {
            stop(grace);
            drain();
            throw stopped;
        } finally {
            groups.end(process.group());
        }
    }

    /** Reads what it has left to say, once what it left running cannot say any more. */
    private void drain() throws IOException {
        groups.end(process.group());
        stdout.awaitEnd(LINGER);
        stderr.awaitEnd(LINGER);
        messages.readRest(session::accept);
    }

    /** How it ended; null if it has not within this time. */
    private @Nullable Exit awaitExit(Duration patience) throws InterruptedException {
        Exit exit = reported(patience);
        if (exit == null && stdout.ended() && stderr.ended()) {
            if (process.orphaned().isDone()) {
                return new Exit.Unknown();
            }
            if (session.closed()) { // it has nothing more to say: a host that is busy need not confirm it
                exit = reported(LINGER);
                return exit == null ? new Exit.Unknown() : exit;
            }
        }
        return exit;
    }

    private @Nullable Exit reported(Duration patience) throws InterruptedException {
        try {
            return process.exit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException notYet) {
            return null;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Asks the process to end, then makes it. Whoever interrupts again is in a hurry. */
    private void stop(Duration grace) {
        groups.signal(ProcessGroups.TERM, process.group());
        if (!endsWithin(grace)) {
            groups.signal(ProcessGroups.KILL, process.group());
            endsWithin(GONE);
        }
    }

    private boolean endsWithin(Duration patience) {
        Instant giveUp = Instant.now().plus(patience);
        try {
            Exit exit = null;
            while (exit == null && Instant.now().isBefore(giveUp)) {
                Duration left = Duration.between(Instant.now(), giveUp);
                exit = awaitExit(left.compareTo(LOOK) < 0 ? left : LOOK);
            }
            return exit != null;
        } catch (InterruptedException again) {
            return false;
        }
    }
}
