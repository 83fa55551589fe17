package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.emulators.AwsUsage;
import dev.stepstile.local.aws.EmulatedAws;
import dev.stepstile.local.events.EventSourceMapping;
import dev.stepstile.local.events.LocalContext;
import dev.stepstile.local.handlers.HandlerClassPath;
import dev.stepstile.local.handlers.UserHandlers;
import dev.stepstile.local.http.HttpApi;
import dev.stepstile.local.parts.OpenParts;
import dev.stepstile.local.state.FolderLock;
import dev.stepstile.local.state.StackClock;
import dev.stepstile.local.state.StateFolder;
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
import dev.stepstile.usecase.Tasks;
import dev.stepstile.usecase.Traces;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The four functions on this machine, with what surrounds them on AWS. */
public final class LocalStack implements AutoCloseable {
    private static final Duration REPORT_EVERY = Duration.ofSeconds(5);

    /** The event of AWS's schedule. */
    private static final String AUDIT = "{\"method\": \"POST\", \"path\": \"/v1/audit\"}";

    /** The stack that stops waits for it. */
    private static final Duration AUDIT_TIMEOUT = Duration.ofSeconds(10);

    private static final Logger LOG = LoggerFactory.getLogger(LocalStack.class);

    private final OpenParts parts = new OpenParts();
    private final InMemoryMeter tally = new InMemoryMeter();
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private final SortedMap<String, String> installed;
    private final Ports ports;
    private final @Nullable AwsUsage usage;
    private final Map<String, String> variables;
    private final EventSourceMapping mapping;
    private final HttpApi api;

    private LocalStack(StackOptions options, StackDecorator decorator, InstantSource system) {
        boolean up = false;
        try {
            parts.opened(FolderLock.take(options.state().folder()));
            check(options); // a worker could not report it
            Path state =
                    StateFolder.in(options.state().folder(), options.state().kept());
            StackClock clock = parts.opened(new StackClock(state, system));
            EngineRuntime runtime = JvmRuntime.create(clock.steady());
            EmulatedAws aws = options.kind() == StackOptions.Kind.EMBEDDED ? null : emulatedAws(options, state);
            usage = aws == null ? null : aws.usage();
            LocalWebhooks webhooks = LocalWebhooks.of(options);
            variables = aws == null ? Map.of() : LocalTraces.addedTo(webhooks.addedTo(aws.variables()), options);
            Traces traces = LocalTraces.of(options, clock.steady());
            ports = (aws == null ? embeddedPorts(options, state, clock) : aws.ports())
                    .withNotifier(webhooks.notifier(clock.steady()));
            // The folder is locked: whatever ran the workers that are in it has ended.
            new Stepstile(ports, options.times().timing(), runtime, tally, traces).recoverWorkers();
            StackFunctions functions = aws != null && options.kind() == StackOptions.Kind.ISOLATED
                    ? new IsolatedFunctions(options, decorator, variables, tally, parts)
                    : new InProcessFunctions(options, decorator, ports, runtime, new Telling(tally, traces), parts);
            installed = functions.installed();
            mapping = parts.opened(new EventSourceMapping(
                    decorator.queue(ports.queue()),
                    () -> decorator.worker(functions.worker()),
                    clock.steady()::atRest));
            mapping.start(options.workers());
            startSweeps(options, runtime.tasks(), clock, functions);
            startAudits(options, runtime.tasks(), functions);
            api = parts.opened(new HttpApi(options.addresses().port(), functions.dispatch(), functions.runs(), tally));
            up = true;
        } finally {
            if (!up) { // by an Error too, such as a class that cannot be loaded
                close();
            }
        }
    }

    private void startSweeps(StackOptions options, Tasks tasks, StackClock clock, StackFunctions functions) {
        Tasks.Cancellable schedule =
                tasks.every("sweep", options.times().timing().sweepEvery(), () -> {
                    clock.mark();
                    if (options.workers() > 0) {
                        functions.sweep();
                    }
                });
        parts.opened((AutoCloseable) schedule::cancel);
    }

    private void startAudits(StackOptions options, Tasks tasks, StackFunctions functions) {
        Duration every = options.times().audit();
        if (every != null) {
            RequestStreamHandler runs = functions.runs();
            Tasks.Cancellable schedule = tasks.every("audit", every, () -> audit(runs));
            parts.opened((AutoCloseable) schedule::cancel);
        }
    }

    /** Calls the runs function as the schedule does on AWS; the function logs and counts what it finds. */
    private static void audit(RequestStreamHandler runs) {
        try {
            runs.handleRequest(
                    new ByteArrayInputStream(AUDIT.getBytes(StandardCharsets.UTF_8)),
                    OutputStream.nullOutputStream(),
                    new LocalContext("audit", AUDIT_TIMEOUT));
        } catch (IOException e) {
            LOG.warn("A part of the audit was not made ({}); the next one goes on.", e.toString());
        }
    }

    private Ports embeddedPorts(StackOptions options, Path state, StackClock clock) {
        return parts.opened(EmbeddedPorts.open(state, options.times().visibility(), clock.steady()))
                .ports();
    }

    private EmulatedAws emulatedAws(StackOptions options, Path state) {
        EmulatedAws aws = parts.opened(EmulatedAws.start(
                options.addresses().emulators(),
                options.state().folder(),
                state,
                options.state().kept(),
                options.times().timing(),
                options.times().visibility(),
                options.console()));
        CompletableFuture<Void> _ = aws.emulatorEnded().thenAccept(failure::complete);
        return aws;
    }

    /**
     * Checks that the handlers and the webhook secrets which the options name are there.
     *
     * @throws IllegalArgumentException with a sentence that says what is missing, and what to do
     */
    public static void check(StackOptions options) {
        String configuration = options.handlers().processes();
        if (configuration != null) {
            ProcessHandlers.check(configuration, options.handlers().builtIn());
        }
        LocalWebhooks.check(options);
        Traces _ = LocalTraces.of(options, InstantSource.system());
        UserHandlers user = options.handlers().user();
        if (user != null) {
            HandlerClassPath.of(user.classPath());
        }
    }

    /** Starts a stack; it works when this returns. */
    public static LocalStack start(StackOptions options) {
        return start(options, StackDecorator.NONE);
    }

    /** Starts a stack whose parts are decorated. */
    public static LocalStack start(StackOptions options, StackDecorator decorator) {
        return new LocalStack(options, decorator, InstantSource.system());
    }

    /** @param system the system clock */
    static LocalStack start(StackOptions options, InstantSource system) {
        return new LocalStack(options, StackDecorator.NONE, system);
    }

    /** Where the HTTP API is. */
    public URI endpoint() {
        return api.endpoint();
    }

    /** The handlers that were found at the start, each with where it is from; empty if workers load them themselves. */
    public SortedMap<String, String> installed() {
        return Collections.unmodifiableSortedMap(installed);
    }

    /** Completed with a message for the user, once the stack can no longer work and must be restarted. */
    public CompletableFuture<String> failure() {
        return failure;
    }

    public Ports ports() {
        return ports;
    }

    /** What AWS would have charged for; empty for a stack that does not use the AWS adapters. */
    public Optional<AwsUsage> usage() {
        return Optional.ofNullable(usage);
    }

    /** What a function that others run on this stack's emulators finds in its environment; empty if there are none. */
    public Map<String, String> variables() {
        return Collections.unmodifiableMap(variables);
    }

    /** The metrics counted in this JVM and in isolated workers; a killed worker's last batch is missing. */
    public InMemoryMeter tally() {
        return tally;
    }

    /**
     * Accepts no more work, and waits for the running steps. Closing the stack then releases the steps that still run: they run again
     * at the next start, and the interrupted attempt is not counted.
     *
     * @param grace how long to wait at most
     * @param waiting receives from time to time the steps that are still running
     */
    public void drain(Duration grace, Consumer<List<StepId>> waiting) {
        long began = System.nanoTime();
        Duration left = grace;
        while (left.isPositive() && !mapping.drained(Duration.ZERO)) {
            waiting.accept(runningSteps());
            if (mapping.drained(left.compareTo(REPORT_EVERY) < 0 ? left : REPORT_EVERY)) {
                return;
            }
            left = grace.minusNanos(System.nanoTime() - began);
        }
    }

    /** The steps that are running now. */
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
        parts.close();
    }
}
