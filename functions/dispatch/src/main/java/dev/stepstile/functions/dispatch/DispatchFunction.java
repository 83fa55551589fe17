package dev.stepstile.functions.dispatch;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import dev.stepstile.http.DispatchApi;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.lambda.HttpFunction;
import dev.stepstile.lambda.Priming;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** {@code POST /v1/runs/{runId}/dispatches}. */
public final class DispatchFunction implements RequestStreamHandler {
    private final HttpFunction http;

    public DispatchFunction() {
        this(FunctionEnvironment.onAws(DispatchFunction::rehearse));
    }

    public DispatchFunction(FunctionEnvironment environment) {
        DispatchApi api = new DispatchApi(environment.stepstile().dispatcher(environment.shards()));
        this.http = new HttpFunction(environment, (call, deadline) -> api.answer(call));
    }

    private static void rehearse(Priming.Stage stage) throws IOException {
        new DispatchFunction(stage.environment())
                .handleRequest(
                        Priming.call("POST", "/v1/runs/rehearsal/dispatches", Priming.ONE_STEP),
                        OutputStream.nullOutputStream(),
                        stage.context());
    }

    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        http.handle(in, out, context);
    }
}
