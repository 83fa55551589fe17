package dev.stepstile.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import dev.stepstile.http.Http;
import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PortException;
import dev.stepstile.step.Limits;
import dev.stepstile.usecase.LogContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A function that answers HTTP API events and direct calls; an error becomes a problem+json. */
public record HttpFunction(FunctionEnvironment environment, Api api) {
    private static final Logger LOG = LoggerFactory.getLogger(HttpFunction.class);

    /** Where a path has its run: {@code /v1/runs/{runId}…}. */
    private static final int RUN_ID = 2;

    /** Kept from a deadline for what an answer still needs. */
    private static final Duration RESERVE = Duration.ofSeconds(2);

    /** What answers an HTTP call. */
    public interface Api {
        Http.Answer answer(Http.Call call, Instant deadline) throws InterruptedException;
    }

    /** Reads one event and writes the answer. */
    public void handle(InputStream in, OutputStream out, Context context) throws IOException {
        HttpEvent event = HttpEvent.read(in);
        Http.Answer answer = environment.invocation(context, () -> {
            try (LogContext.Scope log = LogContext.NONE.open()) {
                return answer(event, environment.deadline(context).minus(RESERVE), log);
            }
        });
        out.write(event.answer(answer).getBytes(StandardCharsets.UTF_8));
    }

    private Http.Answer answer(HttpEvent event, Instant deadline, LogContext.Scope log) throws InterruptedException {
        try {
            Http.Call call = event.call();
            if (call.path().size() > RUN_ID
                    && call.path().get(RUN_ID - 1).equals("runs")
                    && Limits.isRunId(call.path().get(RUN_ID))) {
                log.change(LogContext.of(call.path().get(RUN_ID)));
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
