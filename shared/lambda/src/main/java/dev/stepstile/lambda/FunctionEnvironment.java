package dev.stepstile.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import dev.stepstile.aws.AwsPorts;
import dev.stepstile.aws.Settings;
import dev.stepstile.http.Http;
import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PortException;
import dev.stepstile.port.Ports;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.runtime.SteadyClock;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.lambda.powertools.logging.PowertoolsLogging;

/**
 * The execution environment of a function: the use cases over its stack's ports, and what surrounds an invocation.
 *
 * @param shards over how many partitions a new run is spread
 * @param beforeEach called before each invocation: sets the clock, which may have stood still since the last one
 * @param afterEach called after each invocation: flushes metrics
 */
public record FunctionEnvironment(Stepstile stepstile, int shards, Runnable beforeEach, Runnable afterEach) {
    private static final Logger LOG = LoggerFactory.getLogger(FunctionEnvironment.class);

    /** Where a path has its run: {@code /v1/runs/{runId}…}. */
    private static final int RUN_ID = 2;

    /** Kept from a deadline for what an answer still needs. */
    private static final Duration RESERVE = Duration.ofSeconds(2);

    /** One whose clock is another's to keep. */
    public FunctionEnvironment(Stepstile stepstile, int shards, Runnable afterEach) {
        this(stepstile, shards, () -> {}, afterEach);
    }

    /**
     * As the function's environment variables say.
     *
     * @throws IllegalArgumentException that names all that are missing or wrong
     */
    public static FunctionEnvironment onAws() {
        Settings settings = Settings.read(System.getenv());
        Timing timing = Timing.of(
                        settings.lease(), settings.margin(), settings.sweepEvery(), settings.dispatchTimeout())
                .withCancelCheck(settings.cancelCheck());
        AwsPorts aws = AwsPorts.of(
                settings.table(),
                settings.queueUrl(),
                settings.deadLetterQueueUrl(),
                settings.bucket(),
                settings.retentionDays());
        Ports ports = new Ports(aws.store(), aws.queue(), aws.deadLetters(), aws.items(), aws.payloads());
        return over(ports, timing, settings.shards());
    }

    /** Over these ports, with counts that become CloudWatch metrics. */
    public static FunctionEnvironment over(Ports ports, Timing timing, int shards) {
        EmfMeter meter = new EmfMeter();
        SteadyClock clock = SteadyClock.system();
        Stepstile stepstile = new Stepstile(ports, timing, JvmRuntime.create(clock), meter);
        return new FunctionEnvironment(stepstile, shards, clock::follow, meter::flush);
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
            throw new IllegalStateException("the function was told to stop", e);
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

    /** What answers an HTTP call. */
    public interface Api {
        Http.Answer answer(Http.Call call, Instant deadline) throws InterruptedException;
    }

    /** Reads an HTTP API event or a direct call, and writes the answer; what goes wrong becomes a problem+json. */
    public void http(InputStream in, OutputStream out, Context context, Api api) throws IOException {
        HttpEvent event = HttpEvent.read(in);
        Http.Answer answer =
                invocation(context, () -> answer(event, deadline(context).minus(RESERVE), api));
        out.write(event.answer(answer).getBytes(StandardCharsets.UTF_8));
    }

    private static Http.Answer answer(HttpEvent event, Instant deadline, Api api) throws InterruptedException {
        try {
            Http.Call call = event.call();
            if (call.path().size() > RUN_ID) {
                MDC.put("run", call.path().get(RUN_ID)); // cleared with the invocation
            }
            return api.answer(call, deadline);
        } catch (Http.Problem problem) {
            LOG.info("{} answered {} {}.", event.name(), problem.status(), problem.type());
            return problem.answer();
        } catch (DamagedData e) {
            LOG.error("{} not answered: {}", event.name(), e.getMessage());
            return new Http.Problem(500, "damaged-data", String.valueOf(e.getMessage())).answer();
        } catch (PortException e) {
            LOG.warn("{} not answered: {}", event.name(), e.getMessage());
            return new Http.Problem(
                            503, "unavailable", "The table or the queue did not answer; retry the call, which is safe.")
                    .answer();
        } catch (RuntimeException e) {
            LOG.error("{} failed", event.name(), e);
            return new Http.Problem(500, "internal", "Internal error; see the function's log.").answer();
        }
    }
}
