package dev.stepstile.functions.runs;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.http.RunsApi;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.lambda.HttpFunction;
import dev.stepstile.lambda.Priming;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** {@code /v1/runs/{runId}…}. */
public final class RunsFunction implements RequestStreamHandler {
    private final HttpFunction http;

    public RunsFunction() {
        this(FunctionEnvironment.onAws(RunsFunction::rehearse));
    }

    public RunsFunction(FunctionEnvironment environment) {
        this.http = new HttpFunction(environment, new RunsApi(environment.stepstile())::answer);
    }

    private static void rehearse(Priming.Stage stage) throws IOException {
        new RunsFunction(stage.environment())
                .handleRequest(
                        Priming.call("GET", "/v1/runs/rehearsal", ""),
                        OutputStream.nullOutputStream(),
                        stage.context());
    }

    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        http.handle(in, out, context);
    }
}
