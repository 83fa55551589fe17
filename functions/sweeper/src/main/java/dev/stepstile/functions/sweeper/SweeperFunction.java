package dev.stepstile.functions.sweeper;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import dev.stepstile.lambda.FunctionEnvironment;
import dev.stepstile.usecase.Sweep;
import dev.stepstile.usecase.SweepReport;
import java.time.Duration;
import java.util.Map;

/** One sweep for each event of the schedule, whatever it contains. */
public final class SweeperFunction implements RequestHandler<Map<String, Object>, SweepReport> {
    /** Before the function's deadline no further dispatch is begun. */
    private static final Duration RESERVE = Duration.ofSeconds(10);

    private final FunctionEnvironment environment;
    private final Sweep sweep;

    public SweeperFunction() {
        this(FunctionEnvironment.onAws(
                stage -> new SweeperFunction(stage.environment()).handleRequest(Map.of(), stage.context())));
    }

    public SweeperFunction(FunctionEnvironment environment) {
        this.environment = environment;
        this.sweep = environment.stepstile().sweep();
    }

    @Override
    public SweepReport handleRequest(Map<String, Object> event, Context context) {
        return environment.invocation(
                context,
                () -> sweep.sweepAndMeasure(environment.deadline(context).minus(RESERVE)));
    }
}
