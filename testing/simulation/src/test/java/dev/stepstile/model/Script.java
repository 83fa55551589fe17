package dev.stepstile.model;

import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.port.PortException;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Plays an actor from its start, with an answer to each of its questions. Use cases are deterministic: the same answers
 * lead to the same next question.
 */
final class Script {
    /** An answer, and what the clock showed when it came. */
    record Answer(@Nullable Object told, Instant now) {}

    /** What a handler may do while its worker waits for it. */
    enum Handler {
        SUCCEEDS,
        FAILS,
        SAYS_IT_IS_POINTLESS,
        WORKS_ON
    }

    private final Function<Asked, Answer> answers;
    private final String owner;
    private final EngineRuntime runtime;
    private Asked.@Nullable Unanswered stopped;
    private Instant now;
    private @Nullable Runnable tick;

    /** @param owner the token of the one claim that the actor may make */
    Script(Function<Asked, Answer> answers, Instant start, String owner) {
        this.answers = answers;
        this.now = start;
        this.owner = owner;
        this.runtime = new EngineRuntime(() -> now, new Random(0), () -> owner, new ScriptedTasks());
    }

    EngineRuntime runtime() {
        return runtime;
    }

    /** What the actor asks and has no answer to; nothing if it came to its end. */
    Optional<Asked> play(Jobs.Body body) {
        try {
            body.run();
        } catch (PortException | InterruptedException e) {
            // the function answers with an error, and its caller is not modelled
        } catch (Asked.Unanswered unanswered) {
            stopped = unanswered;
        }
        return Optional.ofNullable(stopped).map(unanswered -> unanswered.asked);
    }

    /** The next answer. Once there is none there never is: not even what catches everything gets past that. */
    Object ask(Asked asked) {
        if (stopped != null) {
            throw stopped;
        }
        Answer answer;
        try {
            answer = answers.apply(asked);
        } catch (Asked.Unanswered unanswered) {
            stopped = unanswered;
            throw unanswered;
        }
        now = answer.now();
        Object told = answer.told();
        if (told == Asked.Failure.FAILED) {
            throw new PortException(asked.what() + " failed");
        }
        return told == null ? this : told;
    }

    /** What is forked runs at once, to its end: the order within one actor is not what is explored. */
    private final class ScriptedTasks implements Tasks {
        @Override
        public <T> Task<T> fork(String name, Callable<T> work) {
            Done<T> task = new Done<>();
            try {
                task.value = work.call();
            } catch (Exception e) {
                task.thrown = e;
            }
            return task;
        }

        @Override
        @SuppressWarnings("unchecked") // users' code gives a StepResult
        public <T> Task<T> forkUserCode(String name, Callable<T> work) {
            return (Task<T>) new Working(name);
        }

        @Override
        public void sleepUntil(Instant instant) {}

        @Override
        public Cancellable every(String name, Duration period, Runnable ticked) {
            tick = ticked;
            return () -> tick = null;
        }
    }

    private static class Done<T> implements Tasks.Task<T> {
        @Nullable
        T value;

        @Nullable
        Exception thrown;

        @Override
        public T join() throws InterruptedException {
            if (thrown != null) {
                throw Done.<RuntimeException>unchecked(thrown);
            }
            return value;
        }

        @Override
        public boolean joinUntil(Instant instant) throws InterruptedException {
            return true;
        }

        @Override
        public void interrupt() {}

        @Override
        public void giveUp() {}

        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // rethrows what the work threw, as it is
        private static <E extends Throwable> E unchecked(Throwable t) throws E {
            throw (E) t;
        }
    }

    /** A handler at work: it ends as it is told to, and heartbeats come in between. */
    private final class Working extends Done<StepResult> {
        private final String name;
        private boolean interrupted;
        private boolean givenUp;

        Working(String name) {
            this.name = name;
        }

        @Override
        public boolean joinUntil(Instant limit) throws InterruptedException {
            while (true) {
                if (givenUp) {
                    return false;
                }
                if (interrupted) {
                    thrown = new InterruptedException("asked to stop");
                    return true;
                }
                switch ((Handler) ask(Jobs.handler(name))) {
                    case SUCCEEDS -> {
                        value = StepResult.of(owner);
                        return true;
                    }
                    case FAILS -> {
                        thrown = new IllegalStateException("as it is told to");
                        return true;
                    }
                    case SAYS_IT_IS_POINTLESS -> {
                        thrown = new TerminalFailure("as it is told to");
                        return true;
                    }
                    case WORKS_ON -> beat();
                }
            }
        }

        private void beat() {
            try {
                if (tick != null) {
                    tick.run();
                }
            } catch (PortException e) {
                // as the port says: the next tick follows all the same
            }
        }

        @Override
        public void interrupt() {
            interrupted = true;
        }

        @Override
        public void giveUp() {
            givenUp = true;
        }
    }
}
