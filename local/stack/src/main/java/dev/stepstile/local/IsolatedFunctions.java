package dev.stepstile.local;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.functions.dispatch.DispatchFunction;
import dev.stepstile.functions.runs.RunsFunction;
import dev.stepstile.functions.step.InstalledHandlers;
import dev.stepstile.functions.sweeper.SweeperFunction;
import dev.stepstile.local.events.Worker;
import dev.stepstile.local.http.HttpApi;
import dev.stepstile.local.isolated.IsolatedApi;
import dev.stepstile.local.isolated.IsolatedFunction;
import dev.stepstile.local.isolated.IsolatedWorker;
import dev.stepstile.local.isolated.RuntimeClientLibrary;
import dev.stepstile.local.isolated.SuspectLocks;
import dev.stepstile.local.isolated.WorkerLog;
import dev.stepstile.local.parts.OpenParts;
import dev.stepstile.usecase.Meter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The functions in processes of their own. */
final class IsolatedFunctions implements StackFunctions {
    private static final Logger LOG = LoggerFactory.getLogger(IsolatedFunctions.class);

    private final StackOptions options;
    private final Map<String, String> variables;
    private final Class<?> stepFunction;
    private final Map<String, String> stepVariables;
    private final Path library;
    private final WorkerLog log;
    private final RequestStreamHandler dispatch;
    private final RequestStreamHandler runs;
    private final IsolatedFunction sweeper;

    /** @param aws the variables by which a function finds its resources */
    IsolatedFunctions(
            StackOptions options, StackDecorator decorator, Map<String, String> aws, Meter meter, OpenParts parts) {
        this.options = options;
        Path folder = options.state().folder();
        log = parts.opened(new WorkerLog(folder.resolve("workers.log"), meter));
        library = RuntimeClientLibrary.unpack(folder);
        variables = new TreeMap<>(aws);
        variables.put("POWERTOOLS_SERVICE_NAME", "stepstile");
        variables.put("POWERTOOLS_METRICS_NAMESPACE", "Stepstile");
        String processes = options.handlers().processes();
        if (processes != null) {
            variables.put(InstalledHandlers.CONFIGURATION, processes);
        }
        stepFunction = decorator.isolatedStepFunction();
        stepVariables = new TreeMap<>(variables);
        stepVariables.putAll(decorator.isolatedStepVariables());
        stepVariables.putAll(SuspectLocks.variables(folder, options.workers()));
        sweeper = parts.opened(function("sweeper", SweeperFunction.class, SWEEP_TIMEOUT, variables));
        dispatch = parts.opened(
                new IsolatedApi(() -> function("dispatch", DispatchFunction.class, HttpApi.TIMEOUT, variables)));
        runs = parts.opened(new IsolatedApi(() -> function("runs", RunsFunction.class, HttpApi.TIMEOUT, variables)));
    }

    private IsolatedFunction function(String name, Class<?> function, Duration timeout, Map<String, String> its) {
        return new IsolatedFunction(name, function.getName() + "::handleRequest", timeout, its, library, log);
    }

    @Override
    public RequestStreamHandler dispatch() {
        return dispatch;
    }

    @Override
    public RequestStreamHandler runs() {
        return runs;
    }

    @Override
    public Worker worker() {
        return new IsolatedWorker(function("step", stepFunction, options.times().functionTimeout(), stepVariables));
    }

    @Override
    public void sweep() {
        try {
            sweeper.invoke("{}");
        } catch (Worker.WorkerLost e) {
            LOG.info("The sweeper was lost ({}); the next sweep starts another.", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the stack is being closed
        }
    }

    @Override
    public SortedMap<String, String> installed() {
        return Collections.emptySortedMap();
    }
}
