package dev.stepstile.model;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.model.Asked.Choice;
import dev.stepstile.model.Asked.Result;
import dev.stepstile.model.Script.Handler;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.simulation.Interceptor;
import dev.stepstile.simulation.Simulation;
import dev.stepstile.simulation.SimulationConfig;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.AttemptRunner;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.HandlerOutput;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What actors do: the use cases, as the functions call them. */
final class Jobs {
    static final String RUN = "r";
    static final String DISPATCH = "d";
    private static final Duration API_TIMEOUT = Duration.ofSeconds(30);

    /** Interceptors are handed one; those of mistakes at ports do not look at it. */
    private static final Simulation NEVER_PLAYED = new Simulation(SimulationConfig.of(0));

    private Jobs() {}

    /** What an actor does, and all that it knows at its start. */
    sealed interface Job {
        Instant start();

        /** Which function it is a call of. */
        default String function() {
            return switch (this) {
                case Handing _ -> "dispatch";
                case Working _ -> "step";
                case Sweeping _ -> "sweeper";
                case Cancelling _, Redriving _ -> "runs";
            };
        }
    }

    record Handing(Instant start, int steps) implements Job {}

    record Working(Instant start, int worker, Table.Message message) implements Job {
        String owner() {
            return "w" + worker + ":" + message.receipt();
        }

        Optional<String> step() {
            return switch (MessageCodec.decode(message.body())) {
                case MessageCodec.Decoded.Step(StepSpec spec) ->
                    Optional.of(spec.id().stepKey());
                case MessageCodec.Decoded.MovedBack(StepSpec spec, int _) ->
                    Optional.of(spec.id().stepKey());
                case MessageCodec.Decoded.NewerVersion _, MessageCodec.Decoded.Unrecognised _ -> Optional.empty();
            };
        }
    }

    record Sweeping(Instant start, int bucket) implements Job {}

    record Cancelling(Instant start) implements Job {}

    record Redriving(Instant start) implements Job {}

    interface Body {
        void run() throws InterruptedException;
    }

    /** @param config what is done wrong */
    static Body body(Job job, Script script, SimulationConfig config) {
        Ports ports = new AskingPorts(script, job, config.mistake().conditions()).ports();
        Interceptor interceptor = config.mistake().interceptor();
        Stepstile stepstile = new Stepstile(
                interceptor.in(job.function(), ports, NEVER_PLAYED),
                interceptor.timing(job.function(), Timing.DEFAULT),
                interceptor.runtime(job.function(), script.runtime()),
                (count, n) -> {});
        return switch (job) {
            case Handing handing -> () -> stepstile.dispatcher(1).dispatch(request(handing.steps()));
            case Working working ->
                () -> work(
                        working, interceptor.in("poller", ports, NEVER_PLAYED).queue(), stepstile);
            case Sweeping _ -> () -> stepstile.sweep().sweep(job.start().plus(Duration.ofMinutes(1)));
            case Cancelling _ ->
                () -> stepstile.canceller().cancel(RUN, job.start().plus(API_TIMEOUT));
            case Redriving _ ->
                () -> {
                    Optional<Run> run = stepstile.queries().run(RUN);
                    if (run.isPresent()) {
                        stepstile
                                .redriver()
                                .redrive(
                                        run.get(),
                                        StepState.REDRIVABLE,
                                        Set.of(),
                                        job.start().plus(API_TIMEOUT));
                    }
                };
        };
    }

    private static void work(Working working, StepQueue queue, Stepstile stepstile) throws InterruptedException {
        List<Delivery> batch = queue.receive(1, Duration.ZERO);
        List<String> stay = stepstile
                .execution(new Handlers(List.of(new Told())), HandlerOutput.UNCAPTURED, AttemptRunner.DIRECT)
                .execute(batch, working.start().plus(Duration.ofMinutes(15)));
        if (stay.isEmpty()) {
            queue.delete(batch.stream().map(Delivery::receipt).toList());
        }
    }

    /** A dead letter redrives the death that it names, once. */
    static @Nullable String redrivenWrongly(@Nullable StepRecord stored, StepRecord next, Job job) {
        return stored != null
                        && stored.state() instanceof StepState.Dead
                        && next.state() instanceof StepState.Retrying
                        && job instanceof Working working
                        && MessageCodec.decode(working.message().body())
                                instanceof MessageCodec.Decoded.MovedBack(StepSpec _, int attempt)
                        && attempt != stored.attempt()
                ? "a dead letter redrove another death than its own"
                : null;
    }

    /** Never called: what a handler does is an answer. */
    private static final class Told implements StepHandler {
        @Override
        public String name() {
            return "told";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            throw new IllegalStateException("what a handler does is an answer");
        }
    }

    /** The second step does not work on, which a leap of time would double. */
    static Asked handler(String name) {
        List<Handler> may = name.endsWith("a")
                ? List.of(Handler.values())
                : List.of(Handler.SUCCEEDS, Handler.FAILS, Handler.SAYS_IT_IS_POINTLESS);
        return new Asked(
                name,
                false,
                may.stream()
                        .map(does -> new Choice(does.name(), (table, now) -> new Result(table, does)))
                        .toList());
    }

    private static Dispatcher.Request request(int steps) {
        return new Dispatcher.Request(
                RUN, DISPATCH, List.of(step("a", 2), step("b", 1)).subList(0, steps), new TreeMap<>());
    }

    private static Dispatcher.NewStep step(String key, int attempts) {
        return new Dispatcher.NewStep(
                key,
                "told",
                "{}",
                new RetryPolicy(attempts, Duration.ZERO, Duration.ZERO),
                Duration.ofMinutes(10),
                new TreeMap<>());
    }

    /** A message may go once its step is in the table, and not in the hands of who deletes it. */
    static @Nullable String deletedTooEarly(Table table, Job job, String receipt) {
        boolean there =
                table.messages().stream().anyMatch(message -> message.receipt().equals(receipt));
        if (!there || !(job instanceof Working working)) {
            return null;
        }
        StepRecord record = working.step().map(table.records()::get).orElse(null);
        if (record == null) {
            return "a message was deleted, and its step is not in the table";
        }
        return record.owner().equals(working.owner()) && record.state() instanceof StepState.Running
                ? "a message was deleted by a worker that still has its step"
                : null;
    }
}
