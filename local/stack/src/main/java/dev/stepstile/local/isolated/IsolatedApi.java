package dev.stepstile.local.isolated;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.local.events.Worker.WorkerLost;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** A function that answers calls, in processes of its own: as many as calls are answered at once, up to a few. */
public final class IsolatedApi implements RequestStreamHandler, AutoCloseable {
    private static final int ENVIRONMENTS = 3;

    private final Supplier<IsolatedFunction> environments;
    private final Semaphore free = new Semaphore(ENVIRONMENTS);
    private final ConcurrentLinkedDeque<IsolatedFunction> idle = new ConcurrentLinkedDeque<>();
    private final Queue<IsolatedFunction> all = new ConcurrentLinkedQueue<>();

    public IsolatedApi(Supplier<IsolatedFunction> environments) {
        this.environments = environments;
    }

    /** @throws IOException if the process died in the middle: nothing is known of the call */
    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        String event = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        try {
            free.acquire();
            try {
                out.write(invoke(event).getBytes(StandardCharsets.UTF_8));
            } finally {
                free.release();
            }
        } catch (WorkerLost e) {
            throw new IOException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the stack is being closed");
        }
    }

    private String invoke(String event) throws WorkerLost, InterruptedException {
        IsolatedFunction environment = idle.pollFirst();
        if (environment == null) {
            environment = environments.get();
            all.add(environment);
        }
        try {
            return environment.invoke(event);
        } finally {
            idle.addFirst(environment); // one whose process died starts another
        }
    }

    @Override
    public void close() {
        all.forEach(IsolatedFunction::close);
    }
}
