package dev.stepstile.functions.dispatch;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.http.DispatchApi;
import dev.stepstile.lambda.FunctionEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** {@code POST /v1/runs/{runId}/dispatches}. */
public final class DispatchFunction implements RequestStreamHandler {
    private final FunctionEnvironment environment;
    private final DispatchApi api;

    public DispatchFunction() {
        this(FunctionEnvironment.onAws());
    }

    public DispatchFunction(FunctionEnvironment environment) {
        this.environment = environment;
        this.api = new DispatchApi(environment.stepstile().dispatcher(environment.shards()));
    }

    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        environment.http(in, out, context, (call, deadline) -> api.answer(call));
    }
}
