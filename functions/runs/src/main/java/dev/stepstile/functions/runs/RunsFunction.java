package dev.stepstile.functions.runs;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.http.RunsApi;
import dev.stepstile.lambda.FunctionEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** {@code /v1/runs/{runId}…}. */
public final class RunsFunction implements RequestStreamHandler {
    private final FunctionEnvironment environment;
    private final RunsApi api;

    public RunsFunction() {
        this(FunctionEnvironment.onAws());
    }

    public RunsFunction(FunctionEnvironment environment) {
        this.environment = environment;
        this.api = new RunsApi(environment.stepstile());
    }

    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        environment.http(in, out, context, api::answer);
    }
}
