package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.api.StepHandler;
import dev.stepstile.functions.dispatch.DispatchFunction;
import dev.stepstile.functions.runs.RunsFunction;
import dev.stepstile.functions.sweeper.SweeperFunction;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.local.events.LocalContext;
import dev.stepstile.local.events.Worker;
import dev.stepstile.local.parts.OpenParts;
import dev.stepstile.port.Ports;
import dev.stepstile.step.Shards;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.SuspectLimiter;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The functions in this JVM. */
final class InProcessFunctions implements StackFunctions {
    private final StackOptions options;
    private final StackDecorator decorator;
    private final Ports ports;
    private final EngineRuntime runtime;
    private final Telling telling;
    private final SortedMap<String, String> installed = new TreeMap<>();
    private final List<StepHandler> handlers;
    private final ChangingHandlers changing;
    private final SuspectLimiter suspects;
    private final FunctionEnvironment environment;
    private final SweeperFunction sweeper;

    InProcessFunctions(
            StackOptions options,
            StackDecorator decorator,
            Ports ports,
            EngineRuntime runtime,
            Telling telling,
            OpenParts parts) {
        this.options = options;
        this.decorator = decorator;
        this.ports = ports;
        this.runtime = runtime;
        this.telling = telling;
        handlers = options.handlers().builtIn();
        handlers.forEach(handler -> installed.put(handler.name(), "built in"));
        changing = new ChangingHandlers(options, parts);
        installed.putAll(changing.installed());
        suspects = SuspectLimiter.among(options.workers());
        environment = environment(ports, runtime);
        sweeper = new SweeperFunction(environment);
    }

    private FunctionEnvironment environment(Ports on, EngineRuntime in) {
        return new FunctionEnvironment(
                new Stepstile(on, options.times().timing(), in, telling.meter(), telling.traces()),
                Shards.DEFAULT,
                () -> {});
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
                        new Handlers(parts.handlers(), changing::handlers),
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
