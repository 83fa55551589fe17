package dev.stepstile.bench.cost;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.aws.AwsResources;
import dev.stepstile.aws.DynamoDbPauseStore;
import dev.stepstile.aws.DynamoDbPayloadItems;
import dev.stepstile.aws.DynamoDbStepStore;
import dev.stepstile.aws.DynamoDbWorkerStore;
import dev.stepstile.aws.SqsDeadLetterQueue;
import dev.stepstile.aws.SqsStepQueue;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.simulatedaws.MeteredTable;
import dev.stepstile.simulatedaws.SimulatedTable;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.simulation.system.SimulatedFunction;
import dev.stepstile.step.Shards;
import dev.stepstile.usecase.AttemptRunner;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.HandlerOutput;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Measure;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Sweep;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.random.RandomGenerator.SplittableGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * The four functions with their production adapters, over simulated DynamoDB and SQS that count, on virtual time. Nothing
 * fails but attempts that are asked to. A call of DynamoDB takes 5 ms, one of SQS 10 ms, a cold start 800 ms; computing takes
 * no time.
 */
final class SimulatedAccount {
    static final String HANDLER = "sleep";

    private static final String TABLE = "stepstile";
    private static final String QUEUE = "queue";
    private static final long CALL_MILLIS = 5;

    /** The template's size of a batch. */
    static final int BATCH = 10;

    private static final Duration LONG_POLL = Duration.ofSeconds(20);
    private static final Duration RETENTION = Duration.ofDays(30);
    private static final Duration STEP_TIMEOUT = Duration.ofMinutes(15);
    private static final Duration SWEEP_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration API_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration SWEEP_RESERVE = Duration.ofSeconds(10);

    private final SplittableGenerator randoms =
            RandomGeneratorFactory.<SplittableGenerator>of("L64X128MixRandom").create(1);
    private final Scheduler scheduler = new Scheduler(randoms.split());
    private final SimulatedProcess services = process("services");
    private final SimulatedTable table = new SimulatedTable(AwsResources.tableNamed(TABLE));
    private final SimulatedSqs sqs = new SimulatedSqs(scheduler, this::counts);
    private final Map<String, byte[]> objects = new HashMap<>();
    private final InMemoryMeter tally = new InMemoryMeter();
    private final SimulatedFunction<Dispatcher> dispatchFunction =
            function(Cause.Function.DISPATCH, API_TIMEOUT, stepstile -> stepstile.dispatcher(Shards.DEFAULT));
    private final SimulatedFunction<Sweep> sweeper = function(Cause.Function.SWEEPER, SWEEP_TIMEOUT, Stepstile::sweep);
    private final SimulatedFunction<Stepstile> runs =
            function(Cause.Function.RUNS, API_TIMEOUT, stepstile -> stepstile);
    private final SimulatedFunction<StepExecution> stepFunction = new SimulatedFunction<>(
            scheduler, STEP_TIMEOUT, () -> process(Cause.Function.STEP.process()), this::execution);
    private final Map<String, Started> started = new HashMap<>();
    private Counts counts = new Counts();

    Scheduler scheduler() {
        return scheduler;
    }

    Counts counts() {
        return counts;
    }

    /** Counts from zero; returns what was counted so far. */
    Counts countAnew() {
        Counts before = counts;
        counts = new Counts();
        return before;
    }

    long tally(Metric metric) {
        return tally.of(metric);
    }

    boolean queueEmpty() {
        return sqs.empty();
    }

    /** How many metrics the steps have counted and measured: what is kept by handler, once for each. */
    int metrics() {
        long counted = Arrays.stream(Metric.values())
                .filter(metric -> tally.of(metric) > 0)
                .count();
        int measured = Arrays.stream(Measure.values())
                .mapToInt(measure -> tally.histograms(measure).size())
                .sum();
        return (int) counted + measured;
    }

    /** The bytes that are stored now. */
    Consumption.Stored stored() {
        long inObjects =
                objects.values().stream().mapToLong(content -> content.length).sum();
        return new Consumption.Stored(table.tableBytes(), table.indexBytes(), inObjects);
    }

    private SimulatedProcess process(String name) {
        return new SimulatedProcess(scheduler, name, Duration.ZERO, randoms.split());
    }

    private <S> SimulatedFunction<S> function(Cause.Function name, Duration timeout, Function<Stepstile, S> start) {
        return new SimulatedFunction<>(
                scheduler,
                timeout,
                () -> process(name.process()),
                process -> start.apply(stepstile(name, process.runtime())));
    }

    private Stepstile stepstile(Cause.Function function, EngineRuntime runtime) {
        return new Stepstile(ports(function, runtime), Timing.DEFAULT, runtime, tally);
    }

    private Ports ports(Cause.Function function, EngineRuntime runtime) {
        MeteredTable metered = new MeteredTable(table, use -> {
            counts.used(Cause.of(function, use), use);
            scheduler.pause(CALL_MILLIS);
        });
        return new Ports(
                new DynamoDbStepStore(metered, TABLE, RETENTION, runtime.clock()),
                new DynamoDbWorkerStore(metered, TABLE, RETENTION, runtime.clock()),
                new DynamoDbPauseStore(metered, TABLE),
                new SqsStepQueue(sqs, QUEUE, runtime.tasks()),
                new SqsDeadLetterQueue(sqs, QUEUE),
                new DynamoDbPayloadItems(metered, TABLE, RETENTION, runtime.clock()),
                new Objects());
    }

    private StepExecution execution(SimulatedProcess worker) {
        return stepstile(Cause.Function.STEP, worker.runtime())
                .execution(new Handlers(List.of(new Sleep(worker))), HandlerOutput.UNCAPTURED, AttemptRunner.DIRECT);
    }

    /** S3: what is larger than an item may be. */
    private final class Objects implements PayloadStore {
        @Override
        public void put(String key, byte[] content) {
            counts.calledObjects();
            objects.put(key, content);
        }

        @Override
        public Optional<byte[]> get(String key) {
            counts.calledObjects();
            return Optional.ofNullable(objects.get(key));
        }

        @Override
        public boolean exists(String key) {
            counts.calledObjects();
            return objects.containsKey(key);
        }
    }

    /**
     * What the handler does.
     *
     * @param millis how long an attempt takes
     * @param failures how many attempts fail at their end; one more takes as long and succeeds, and any further one, which
     *     only a lost worker makes necessary, succeeds at once
     */
    record Task(long millis, int failures) {
        String input() {
            return "[" + millis + "," + failures + "]";
        }

        static Task of(String input) {
            String[] numbers = input.substring(1, input.length() - 1).split(",", -1);
            return new Task(Long.parseLong(numbers[0]), Integer.parseInt(numbers[1]));
        }
    }

    private final class Sleep implements StepHandler {
        private final SimulatedProcess worker;

        Sleep(SimulatedProcess worker) {
            this.worker = worker;
        }

        @Override
        public String name() {
            return HANDLER;
        }

        @Override
        public StepResult run(StepInput input, StepContext context) throws InterruptedException {
            started.put(context.runId(), new Started(worker, context.attempt(), scheduler.millis()));
            Task task = Task.of(input.json());
            if (context.attempt() <= task.failures() + 1) {
                EngineRuntime runtime = worker.runtime();
                runtime.tasks().sleepUntil(runtime.now().plusMillis(task.millis()));
            }
            if (context.attempt() <= task.failures()) {
                throw new IllegalStateException("attempt " + context.attempt() + " fails");
            }
            return StepResult.none();
        }
    }

    /** The newest attempt that was started of any step of a run. */
    record Started(SimulatedProcess worker, int attempt, long atMillis) {}

    Optional<Started> started(String runId) {
        return Optional.ofNullable(started.get(runId));
    }

    /** Does something beside all else, now. */
    void start(String name, Runnable action) {
        services.start(name, action);
    }

    /** Lambda's pollers, each of which runs a batch of at most so many at a time. */
    void startPollers(int number, int most) {
        StepQueue queue = new SqsStepQueue(sqs, QUEUE, services.runtime().tasks());
        for (int i = 0; i < number; i++) {
            start("poller", () -> poll(queue, most));
        }
    }

    private void poll(StepQueue queue, int most) {
        while (true) {
            List<Delivery> batch = queue.receive(most, LONG_POLL);
            if (!batch.isEmpty()) {
                Optional<List<String>> stay = invoke(
                        Cause.Function.STEP, stepFunction, (execution, deadline) -> execution.execute(batch, deadline));
                stay.ifPresent(kept -> queue.delete(batch.stream()
                        .filter(delivery -> !kept.contains(delivery.messageId()))
                        .map(Delivery::receipt)
                        .toList())); // else its worker has died
            }
        }
    }

    /** The sweeper's schedule. */
    void startSchedule() {
        start("schedule", () -> {
            while (true) {
                scheduler.pause(Timing.DEFAULT.sweepEvery().toMillis());
                start("call", this::sweep);
            }
        });
    }

    private <S, T> Optional<T> invoke(
            Cause.Function name, SimulatedFunction<S> function, SimulatedFunction.Work<S, T> work) {
        counts.invoked(name);
        return function.invoke((service, deadline) -> {
            long began = scheduler.millis();
            T done = work.run(service, deadline);
            counts.ran(name, scheduler.millis() - began);
            return done;
        });
    }

    void sweep() {
        invoke(Cause.Function.SWEEPER, sweeper, (sweep, deadline) -> sweep.sweep(deadline.minus(SWEEP_RESERVE)));
    }

    void dispatch(Dispatcher.Request request) {
        Optional<Dispatcher.Answer> answer = invoke(
                Cause.Function.DISPATCH, dispatchFunction, (dispatcher, deadline) -> dispatcher.dispatch(request));
        if (!(answer.orElse(null) instanceof Dispatcher.Answer.Accepted)) {
            throw new IllegalStateException("the dispatch was answered with " + answer);
        }
    }

    /** A client asks the runs function. */
    <T> T ask(SimulatedFunction.Work<Stepstile, T> question) {
        return invoke(Cause.Function.RUNS, runs, question).orElseThrow();
    }
}
