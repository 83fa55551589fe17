package dev.stepstile.functions.dispatch;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.http.DispatchApi;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.lambda.HttpFunction;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** {@code POST /v1/runs/{runId}/dispatches}. */
public final class DispatchFunction implements RequestStreamHandler {
    private final HttpFunction http;

    public DispatchFunction() {
        this(FunctionEnvironment.onAws());
    }

    public DispatchFunction(FunctionEnvironment environment) {
        DispatchApi api = new DispatchApi(environment.stepstile().dispatcher(environment.shards()));
        this.http = new HttpFunction(environment, (call, deadline) -> api.answer(call));
    }

    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        http.handle(in, out, context);
    }
}
