package dev.stepstile.testkit;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The user's handler, with the test beside it: it tells the moments of each attempt. The step is the handler's own. */
final class WatchedHandler implements StepHandler {
    private final StepHandler handler;
    private final Function<StepContext, Attempts> attemptsOf;

    /** What is told of attempts, on the handler's thread. */
    interface Attempts {
        void started(int attempt) throws InterruptedException;

        void progressed(int attempt, double fraction, String note);

        void ended(int attempt) throws InterruptedException;

        /** The handler's thread has nothing more to do. */
        void left(int attempt);

        /** Nothing is told. */
        Attempts UNWATCHED = new Attempts() {
            @Override
            public void started(int attempt) {}

            @Override
            public void progressed(int attempt, double fraction, String note) {}

            @Override
            public void ended(int attempt) {}

            @Override
            public void left(int attempt) {}
        };
    }

    /** @param attemptsOf who is told, by step */
    WatchedHandler(StepHandler handler, Function<StepContext, Attempts> attemptsOf) {
        this.handler = handler;
        this.attemptsOf = attemptsOf;
    }

    @Override
    public String name() {
        return handler.name();
    }

    @Override
    public Duration grace() {
        return handler.grace();
    }

    @Override
    public StepResult run(StepInput input, StepContext context) throws Exception {
        Attempts attempts = attemptsOf.apply(context);
        try {
            attempts.started(context.attempt());
            try {
                return handler.run(input, new Watched(context, attempts));
            } finally {
                attempts.ended(context.attempt());
            }
        } finally {
            attempts.left(context.attempt());
        }
    }

    private record Watched(StepContext context, Attempts attempts) implements StepContext {
        @Override
        public String runId() {
            return context.runId();
        }

        @Override
        public String stepKey() {
            return context.stepKey();
        }

        @Override
        public int attempt() {
            return context.attempt();
        }

        @Override
        public Instant deadline() {
            return context.deadline();
        }

        @Override
        public Map<String, String> tags() {
            return context.tags();
        }

        @Override
        public String tenant() {
            return context.tenant();
        }

        @Override
        public Optional<String> traceparent() {
            return context.traceparent();
        }

        @Override
        public Optional<String> tracestate() {
            return context.tracestate();
        }

        @Override
        public void progress(double fraction, String note) {
            context.progress(fraction, note);
            attempts.progressed(context.attempt(), fraction, note);
        }

        @Override
        public void log(String line) {
            context.log(line);
        }

        @Override
        public boolean cancelled() {
            return context.cancelled();
        }
    }
}
