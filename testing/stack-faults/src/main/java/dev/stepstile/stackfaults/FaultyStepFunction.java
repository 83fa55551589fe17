package dev.stepstile.stackfaults;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.functions.step.InstalledHandlers;
import dev.stepstile.local.isolated.IsolatedStepFunction;
import dev.stepstile.usecase.Handlers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/** The step function of an isolated worker that kills itself in the middle of some attempts. */
public final class FaultyStepFunction implements RequestHandler<SQSEvent, SQSBatchResponse> {
    private static final String FAULTS = "STEPSTILE_LOCAL_FAULTS";
    private static final String POISON = "STEPSTILE_LOCAL_POISON";

    /** Parts poisonous step keys; none of them can contain it. */
    private static final String BETWEEN = "\n";

    private final IsolatedStepFunction function;

    public FaultyStepFunction() {
        Map<String, String> variables = System.getenv();
        Faults faults = Faults.parse(variables.getOrDefault(FAULTS, ""));
        Set<String> poison = Set.of(variables.getOrDefault(POISON, "").split(BETWEEN, -1));
        this.function = new IsolatedStepFunction(new Handlers(
                FaultyHandlers.wrap(InstalledHandlers.loadAll(), faults, poison, FaultyStepFunction::killThisProcess)));
    }

    /** The environment variables from which the function learns its faults. */
    static Map<String, String> variables(Faults faults, Set<String> poison) {
        return Map.of(FAULTS, faults.toString(), POISON, String.join(BETWEEN, poison));
    }

    @Override
    public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
        return function.handleRequest(event, context);
    }

    /** By a real SIGKILL; the step that asked for it waits, so that nothing of it is recorded. */
    private static void killThisProcess() {
        try {
            new ProcessBuilder(
                            "kill", "-9", Long.toString(ProcessHandle.current().pid()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("'kill' is needed to inject crashes into isolated workers", e);
        }
        CountDownLatch never = new CountDownLatch(1);
        while (true) {
            try {
                never.await();
            } catch (InterruptedException e) {
                // a dead process takes no notice
            }
        }
    }
}
