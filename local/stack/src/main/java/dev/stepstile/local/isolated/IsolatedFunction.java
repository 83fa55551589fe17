package dev.stepstile.local.isolated;

import dev.stepstile.local.events.Worker.WorkerLost;
import dev.stepstile.local.isolated.RuntimeApi.Invocation;
import dev.stepstile.local.isolated.RuntimeApi.Outcome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A function's environment in a process of its own, which can be killed, run out of heap or exit. It is started with its
 * first invocation. A process that ended between two invocations is replaced; one that ends within an
 * invocation is lost, and so is one that runs past the function's timeout: it is killed, as Lambda does.
 */
public final class IsolatedFunction implements AutoCloseable {
    private final String name;
    private final String handler;
    private final Duration timeout;
    private final Map<String, String> variables;
    private final Path library;
    private final WorkerLog log;
    private volatile @Nullable FunctionProcess worker;
    private volatile boolean closed;

    /**
     * @param name the function's
     * @param handler of the function, as {@code class::method}
     * @param timeout the function's
     * @param variables the function's environment
     * @param library the runtime interface client's native one
     */
    public IsolatedFunction(
            String name, String handler, Duration timeout, Map<String, String> variables, Path library, WorkerLog log) {
        this.name = name;
        this.handler = handler;
        this.timeout = timeout;
        this.variables = Map.copyOf(variables);
        this.library = library;
        this.log = log;
    }

    /**
     * Has the function handle one event, while it handles no other.
     *
     * @return its response, as JSON
     * @throws WorkerLost if the process died in the middle: nothing is known of the invocation
     * @throws IllegalStateException if the function threw
     */
    public String invoke(String event) throws WorkerLost, InterruptedException {
        Invocation invocation = Invocation.of(event, timeout);
        return switch (taken(invocation).outcome(invocation)) {
            case Outcome.Response(String response) -> response;
            case Outcome.FunctionError(String message) -> throw new IllegalStateException(message);
        };
    }

    private FunctionProcess taken(Invocation invocation) throws WorkerLost, InterruptedException {
        FunctionProcess last = worker;
        if (last != null) {
            if (last.takes(invocation)) {
                return last;
            }
            last.close();
        }
        if (closed) {
            throw new WorkerLost("the environment was closed");
        }
        FunctionProcess fresh = new FunctionProcess(name, handler, variables, library, log);
        worker = fresh;
        if (closed) {
            fresh.close();
        }
        if (!fresh.takes(invocation)) {
            throw new WorkerLost(fresh.ending());
        }
        return fresh;
    }

    /** Asks the process to end, as Lambda does by SIGTERM. */
    void stop() {
        closed = true;
        FunctionProcess running = worker;
        if (running != null) {
            running.stop();
        }
    }

    @Override
    public void close() {
        closed = true;
        FunctionProcess running = worker;
        if (running != null) {
            running.close();
        }
    }
}
