package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.api.StepHandler;
import dev.stepstile.functions.dispatch.DispatchFunction;
import dev.stepstile.functions.runs.RunsFunction;
import dev.stepstile.functions.sweeper.SweeperFunction;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.local.events.LocalContext;
import dev.stepstile.local.events.Worker;
import dev.stepstile.local.handlers.HandlerProcesses;
import dev.stepstile.local.handlers.UserHandlers;
import dev.stepstile.local.parts.OpenParts;
import dev.stepstile.port.Ports;
import dev.stepstile.process.ProcessHandlers;
import dev.stepstile.step.Shards;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.SuspectLimiter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The functions in this JVM. */
final class InProcessFunctions implements StackFunctions {
    private final StackOptions options;
    private final StackDecorator decorator;
    private final Ports ports;
    private final EngineRuntime runtime;
    private final Meter meter;
    private final SortedMap<String, String> installed = new TreeMap<>();
    private final List<StepHandler> handlers;
    private final Supplier<List<StepHandler>> changing;
    private final SuspectLimiter suspects;
    private final FunctionEnvironment environment;
    private final SweeperFunction sweeper;

    InProcessFunctions(
            StackOptions options,
            StackDecorator decorator,
            Ports ports,
            EngineRuntime runtime,
            Meter meter,
            OpenParts parts) {
        this.options = options;
        this.decorator = decorator;
        this.ports = ports;
        this.runtime = runtime;
        this.meter = meter;
        handlers = handlers(options.handlers(), parts);
        UserHandlers user = options.handlers().user();
        changing = user == null ? List::of : userHandlers(user, parts);
        suspects = SuspectLimiter.among(options.workers());
        environment = environment(ports, runtime);
        sweeper = new SweeperFunction(environment);
    }

    private List<StepHandler> handlers(StackOptions.Handlers from, OpenParts parts) {
        List<StepHandler> found = new ArrayList<>(from.builtIn());
        found.forEach(handler -> installed.put(handler.name(), "built in"));
        String configuration = from.processes();
        if (configuration != null) {
            List<StepHandler> processes =
                    parts.opened(ProcessHandlers.open(configuration)).handlers();
            found.addAll(processes);
            processes.forEach(handler -> installed.put(handler.name(), "process"));
        }
        return found;
    }

    private Supplier<List<StepHandler>> userHandlers(UserHandlers user, OpenParts parts) {
        HandlerProcesses own = parts.opened(
                new HandlerProcesses(user, options.state().folder(), installed.keySet(), options.console()));
        own.installed()
                .forEach((name, loaded) ->
                        installed.put(name, "Java, from " + loaded.from().getFileName()));
        return own::handlers;
    }

    private FunctionEnvironment environment(Ports on, EngineRuntime in) {
        return new FunctionEnvironment(
                new Stepstile(on, options.times().timing(), in, meter), Shards.DEFAULT, () -> {});
    }

    @Override
    public RequestStreamHandler dispatch() {
        return new DispatchFunction(environment);
    }

    @Override
    public RequestStreamHandler runs() {
        return new RunsFunction(environment);
    }

    @Override
    public Worker worker() {
        return decorator.workerInThisJvm(
                new WorkerParts(ports, runtime, handlers),
                parts -> new InProcessWorker(
                        environment(parts.ports(), parts.runtime()),
                        new Handlers(parts.handlers(), changing),
                        suspects.share(),
                        options.times().functionTimeout()));
    }

    @Override
    public void sweep() {
        sweeper.handleRequest(Map.of(), new LocalContext("sweeper", SWEEP_TIMEOUT));
    }

    @Override
    public SortedMap<String, String> installed() {
        return installed;
    }
}
