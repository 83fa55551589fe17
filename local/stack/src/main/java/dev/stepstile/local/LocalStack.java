package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.api.StepHandler;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.functions.dispatch.DispatchFunction;
import dev.stepstile.functions.runs.RunsFunction;
import dev.stepstile.functions.step.InstalledHandlers;
import dev.stepstile.functions.sweeper.SweeperFunction;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.port.PortException;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepStore;
import dev.stepstile.process.ProcessHandlers;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.SuspectLimiter;
import dev.stepstile.usecase.Tasks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The four functions on this machine, with what surrounds them on AWS. */
public final class LocalStack implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalStack.class);
    private static final int SHARDS = 8;
    private static final Duration TELL_EVERY = Duration.ofSeconds(5);
    private static final Duration SWEEP_TIMEOUT = Duration.ofSeconds(60);

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final InMemoryMeter tally = new InMemoryMeter();
    private final SortedMap<String, String> installed = new TreeMap<>();
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private final Ports ports;
    private final @Nullable AwsUsage usage;
    private final HttpApi api;
    private final DuplicatingQueue queue;
    private final Supplier<EventSourceMapping> mappings;
    private EventSourceMapping mapping;

    private LocalStack(StackOptions options, InstantSource system) {
        boolean up = false;
        try {
            opened(FolderLock.take(options.folder()));
            check(options); // a worker could not say it
            Map<String, String> variables;
            if (!options.keepState()) {
                delete(state(options));
            }
            StackClock clock = opened(new StackClock(state(options), system));
            EngineRuntime runtime = JvmRuntime.create(clock.steady());
            switch (options.kind()) {
                case EMBEDDED -> {
                    EmbeddedPorts embedded =
                            opened(EmbeddedPorts.open(state(options), options.visibility(), clock.steady()));
                    ports = embedded.ports();
                    variables = Map.of();
                    usage = null;
                }
                case AWS -> {
                    EmulatedAws aws = opened(EmulatedAws.start(options));
                    ports = aws.ports();
                    variables = aws.variables();
                    usage = aws.usage();
                    CompletableFuture<Void> _ = aws.emulatorEnded().thenAccept(failure::complete);
                }
                default -> throw new IllegalStateException();
            }
            queue = new DuplicatingQueue(ports.queue(), options.faults());
            Functions functions = options.isolated() ? isolated(options, variables) : inProcess(options, runtime);
            mappings = () -> {
                EventSourceMapping started = new EventSourceMapping(queue, functions.step(), clock.steady()::atRest);
                started.start(options.workers());
                return started;
            };
            mapping = mappings.get();
            opened((AutoCloseable) () -> mapping.close());
            Tasks.Cancellable schedule = runtime.tasks()
                    .every("sweep", options.timing().sweepEvery(), () -> {
                        clock.mark();
                        functions.sweeper().run();
                    });
            opened((AutoCloseable) schedule::cancel);
            api = opened(new HttpApi(options.port(), functions.dispatch(), functions.runs()));
            up = true;
        } finally {
            if (!up) { // by an Error too, such as a class that cannot be loaded
                close();
            }
        }
    }

    /**
     * Looks whether the handlers that the options name are where they say.
     *
     * @throws IllegalArgumentException with a sentence that says what is missing, and what to do
     */
    public static void check(StackOptions options) {
        String configuration = options.processHandlers();
        if (configuration != null) {
            ProcessHandlers.check(configuration, options.handlers());
        }
        UserHandlers user = options.userHandlers();
        if (user != null) {
            HandlerClassPath.of(user.classPath());
        }
    }

    /** Starts a stack; it works when this returns. */
    public static LocalStack start(StackOptions options) {
        return start(options, InstantSource.system());
    }

    /** @param system what the system clock shows */
    static LocalStack start(StackOptions options, InstantSource system) {
        return new LocalStack(options, system);
    }

    /** What is called: {@code step} makes an environment; {@code sweeper} sweeps once. */
    private record Functions(
            RequestStreamHandler dispatch, Supplier<StepInvoker> step, Runnable sweeper, RequestStreamHandler runs) {}

    private Functions inProcess(StackOptions options, EngineRuntime runtime) {
        List<StepHandler> handlers = new ArrayList<>(options.handlers());
        handlers.forEach(handler -> installed.put(handler.name(), "built in"));
        String configuration = options.processHandlers();
        if (configuration != null) {
            List<StepHandler> processes =
                    opened(ProcessHandlers.open(configuration)).handlers();
            handlers.addAll(processes);
            processes.forEach(handler -> installed.put(handler.name(), "process"));
        }
        UserHandlers user = options.userHandlers();
        Supplier<List<StepHandler>> changing = List::of;
        if (user != null) {
            HandlerProcesses own =
                    opened(new HandlerProcesses(user, options.folder(), installed.keySet(), options.console()));
            changing = own::handlers;
            own.installed()
                    .forEach((name, loaded) ->
                            installed.put(name, "Java, from " + loaded.from().getFileName()));
        }
        Supplier<List<StepHandler>> changes = changing;
        FunctionEnvironment environment =
                new FunctionEnvironment(new Stepstile(ports, options.timing(), runtime, tally), SHARDS, () -> {});
        SuspectLimiter suspects = SuspectLimiter.among(options.workers());
        SweeperFunction sweeper = new SweeperFunction(environment);
        return new Functions(
                new DispatchFunction(environment),
                () -> new InProcessWorker(options, handlers, changes, ports, runtime, suspects, tally),
                () -> sweeper.handleRequest(Map.of(), new LocalContext("sweeper", SWEEP_TIMEOUT)),
                new RunsFunction(environment));
    }

    private Functions isolated(StackOptions options, Map<String, String> aws) {
        WorkerLog log = opened(new WorkerLog(options.folder().resolve("workers.log"), tally));
        Map<String, String> variables = new TreeMap<>(aws);
        variables.put("POWERTOOLS_SERVICE_NAME", "stepstile");
        variables.put("POWERTOOLS_METRICS_NAMESPACE", "Stepstile");
        String configuration = options.processHandlers();
        if (configuration != null) {
            variables.put(InstalledHandlers.CONFIGURATION, configuration);
        }
        boolean faulty = options.faults().any();
        Class<?> step = faulty ? FaultyStepFunction.class : IsolatedStepFunction.class;
        Map<String, String> ofStep = new TreeMap<>(
                faulty ? FaultyStepFunction.variables(variables, options.faults(), options.poison()) : variables);
        ofStep.putAll(SuspectLocks.variables(options.folder(), options.workers()));
        Path library = RuntimeClientLibrary.unpack(options.folder());
        Isolating isolating = (name, function, timeout, its) ->
                new IsolatedFunction(name, function.getName() + "::handleRequest", timeout, its, library, log);
        IsolatedFunction sweeper =
                opened(isolating.function("sweeper", SweeperFunction.class, SWEEP_TIMEOUT, variables));
        return new Functions(
                opened(new IsolatedApi(
                        () -> isolating.function("dispatch", DispatchFunction.class, HttpApi.TIMEOUT, variables))),
                () -> new IsolatedWorker(isolating.function("step", step, options.functionTimeout(), ofStep)),
                () -> sweep(sweeper),
                opened(new IsolatedApi(
                        () -> isolating.function("runs", RunsFunction.class, HttpApi.TIMEOUT, variables))));
    }

    /** Makes an environment of a function. */
    private interface Isolating {
        IsolatedFunction function(String name, Class<?> function, Duration timeout, Map<String, String> variables);
    }

    private static void sweep(IsolatedFunction sweeper) {
        try {
            sweeper.invoke("{}");
        } catch (StepInvoker.WorkerLost e) {
            LOG.info("The sweeper was lost ({}); the next sweep goes on.", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the stack is being closed
        }
    }

    private static Path state(StackOptions options) {
        return options.folder().resolve("state");
    }

    /** Of an earlier stack that was not to be kept. */
    private static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("What an earlier stack left in " + folder + " cannot be deleted", e);
        }
    }

    private <T extends AutoCloseable> T opened(T part) {
        parts.push(part);
        return part;
    }

    /** Where the HTTP API is. */
    public URI endpoint() {
        return api.endpoint();
    }

    /** The handlers that were found at the start, each with where it is from; empty if workers load them themselves. */
    public SortedMap<String, String> installed() {
        return Collections.unmodifiableSortedMap(installed);
    }

    /** Completed, with a sentence for people, once the stack cannot do its work any more and should be started anew. */
    public CompletableFuture<String> failure() {
        return failure;
    }

    public Ports ports() {
        return ports;
    }

    /** What AWS would have charged for; empty for a stack without it. */
    public Optional<AwsUsage> usage() {
        return Optional.ofNullable(usage);
    }

    /** What was counted, in this JVM and in isolated workers; a killed worker's last batch is missing. */
    public InMemoryMeter tally() {
        return tally;
    }

    /** How many function environments died in the middle of a batch. */
    public long workersLost() {
        return mapping.lost();
    }

    /**
     * Kills the worker that has this step in its batch, as kill -9 does: an isolated one by SIGKILL, one in this JVM by
     * cutting it off.
     *
     * @return false if no worker has
     */
    public boolean killWorkerOf(StepId step) {
        return mapping.kill(step);
    }

    /** How many messages were made to arrive twice. */
    public long duplicated() {
        return queue.duplicated();
    }

    /** Does something while no worker takes messages; what is running is waited for a little. */
    public <T> T withoutWorkers(Callable<T> work) throws Exception {
        mapping.close();
        try {
            return work.call();
        } finally {
            mapping = mappings.get();
        }
    }

    public List<String> deadLetters(int max) {
        return ports.deadLetters().peek(max);
    }

    /**
     * Takes no more work, and waits for what runs. Closing then gives back what still does: it runs again at the next start,
     * and its attempt is not counted.
     *
     * @param grace for which to wait at most
     * @param waiting told now and then which steps are waited for
     */
    public void drain(Duration grace, Consumer<List<StepId>> waiting) {
        long began = System.nanoTime();
        Duration left = grace;
        while (left.isPositive() && !mapping.drained(Duration.ZERO)) {
            waiting.accept(runningSteps());
            if (mapping.drained(left.compareTo(TELL_EVERY) < 0 ? left : TELL_EVERY)) {
                return;
            }
            left = grace.minusNanos(System.nanoTime() - began);
        }
    }

    /** The steps that run just now. */
    public List<StepId> runningSteps() {
        List<StepStore.StepRef> handed = mapping.running().stream()
                .map(spec -> new StepStore.StepRef(spec.id(), spec.shard()))
                .distinct()
                .limit(Limits.LOOKUP_KEYS)
                .toList();
        if (handed.isEmpty()) {
            return List.of();
        }
        try {
            return ports.store().records(handed).stream()
                    .filter(record -> record.state() instanceof StepState.Running)
                    .map(StepRecord::id)
                    .sorted(Comparator.comparing(StepId::toString))
                    .toList();
        } catch (PortException e) {
            return handed.stream().map(StepStore.StepRef::id).toList(); // some of them may have ended
        }
    }

    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                System.getLogger(LocalStack.class.getName())
                        .log(System.Logger.Level.WARNING, "While stopping: {0}", e.toString());
            }
        }
    }
}
