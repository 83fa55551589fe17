package dev.stepstile.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import dev.stepstile.aws.AwsNotifier;
import dev.stepstile.aws.AwsPorts;
import dev.stepstile.aws.Settings;
import dev.stepstile.port.Ports;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.runtime.SteadyClock;
import dev.stepstile.traces.TraceTargets;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Timing;
import dev.stepstile.usecase.Traces;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import software.amazon.lambda.powertools.logging.PowertoolsLogging;

/**
 * The execution environment of a function: the use cases over its stack's ports, and what surrounds an invocation.
 *
 * @param shards over how many partitions a new run is spread
 * @param beforeEach called before each invocation: sets the clock, which may have stood still since the last one
 * @param afterEach called after each invocation: flushes metrics
 */
public record FunctionEnvironment(Stepstile stepstile, int shards, Runnable beforeEach, Runnable afterEach) {
    /** With a clock that its caller keeps. */
    public FunctionEnvironment(Stepstile stepstile, int shards, Runnable afterEach) {
        this(stepstile, shards, () -> {}, afterEach);
    }

    /**
     * As configured by the function's environment variables.
     *
     * @param rehearsal what the function does before a snapshot of it is taken
     * @throws IllegalArgumentException that names all variables that are missing or invalid
     */
    public static FunctionEnvironment onAws(Priming.Rehearsal rehearsal) {
        FunctionEnvironment environment = onAws();
        Priming.register(Settings.read(System.getenv()), rehearsal);
        return environment;
    }

    /** The same, where no snapshot is taken. */
    public static FunctionEnvironment onAws() {
        Settings settings = Settings.read(System.getenv());
        Ports ports = AwsPorts.of(settings.resources(), settings.endpoints(), settings.retentionDays())
                .withNotifier(AwsNotifier.of(settings.notifying(), InstantSource.system()));
        return over(ports, settings.timing(), settings.shards());
    }

    /** Over these ports, with log lines that are JSON, and counts that become CloudWatch metrics. */
    public static FunctionEnvironment over(Ports ports, Timing timing, int shards) {
        JsonLines.install();
        SteadyClock clock = SteadyClock.system();
        EmfMeter meter = new EmfMeter(clock, System.getenv());
        Stepstile stepstile = new Stepstile(ports, timing, JvmRuntime.create(clock), meter, traces(clock));
        return new FunctionEnvironment(stepstile, shards, clock::follow, meter::flush);
    }

    /** Without a target, no class of OpenTelemetry is loaded. */
    private static Traces traces(InstantSource clock) {
        String target = System.getenv(Traces.TARGET);
        return target == null || target.isBlank() ? Traces.NONE : TraceTargets.of(target, System.getenv(), clock);
    }

    /** One invocation: log lines carry the request's id, and metrics are flushed however it ends. */
    public <T> T invocation(Context context, Callable<T> work) {
        PowertoolsLogging.initializeLogging(context);
        beforeEach.run();
        try {
            return work.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the function was interrupted", e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        } finally {
            afterEach.run();
            PowertoolsLogging.clearState(true);
        }
    }

    /** When this invocation must be over. */
    public Instant deadline(Context context) {
        return stepstile.runtime().now().plusMillis(context.getRemainingTimeInMillis());
    }
}
