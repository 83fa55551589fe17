package dev.stepstile.functions.runs;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.http.RunsApi;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.lambda.HttpFunction;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** {@code /v1/runs/{runId}…}. */
public final class RunsFunction implements RequestStreamHandler {
    private final HttpFunction http;

    public RunsFunction() {
        this(FunctionEnvironment.onAws());
    }

    public RunsFunction(FunctionEnvironment environment) {
        this.http = new HttpFunction(environment, new RunsApi(environment.stepstile())::answer);
    }

    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        http.handle(in, out, context);
    }
}
