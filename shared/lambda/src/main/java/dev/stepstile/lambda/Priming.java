package dev.stepstile.lambda;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.aws.AwsPorts;
import dev.stepstile.aws.Settings;
import dev.stepstile.codec.Json;
import dev.stepstile.port.Ports;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Stepstile;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.crac.Context;
import org.crac.Core;
import org.crac.Resource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What SnapStart's snapshot is to have in memory: all that a first invocation loads. Before the snapshot, the function
 * itself handles an event of its kind, over a table and a queue within this JVM; then clients of their own make one call
 * to the real table and queue, which reads nothing and sends nothing. Nothing that is made for this is used again, so
 * that no connection, credential or id of it is in the environments that are restored.
 */
public final class Priming implements Resource {
    /** A dispatch of a step that returns its input. */
    public static final String ONE_STEP =
            "{\"steps\":[{\"key\":\"rehearsal\",\"handler\":\"stepstile.echo\",\"input\":{\"a\":1}}]}";

    private static final Logger LOG = LoggerFactory.getLogger(Priming.class);

    /** The context refers to its resources weakly. */
    private static final List<Priming> REGISTERED = new ArrayList<>();

    private final Settings settings;
    private final Rehearsal rehearsal;

    Priming(Settings settings, Rehearsal rehearsal) {
        this.settings = settings;
        this.rehearsal = rehearsal;
    }

    /** One event of a function's kind, handled by it over what is staged. */
    public interface Rehearsal {
        void rehearse(Stage stage) throws Exception;
    }

    /**
     * What a function is rehearsed with.
     *
     * @param environment over the staged ports
     * @param context of the invocation
     */
    public record Stage(
            FunctionEnvironment environment, Ports ports, com.amazonaws.services.lambda.runtime.Context context) {}

    /** An event of the HTTP API. */
    public static InputStream call(String method, String path, String body) {
        ObjectNode event =
                Json.object().put("rawPath", path).put("rawQueryString", "").put("body", body);
        event.putObject("requestContext")
                .putObject("http")
                .put("method", method)
                .put("path", path);
        return new ByteArrayInputStream(Json.print(event).getBytes(StandardCharsets.UTF_8));
    }

    /** Has it happen where there is to be a snapshot. */
    static void register(Settings settings, Rehearsal rehearsal) {
        if ("snap-start".equals(System.getenv("AWS_LAMBDA_INITIALIZATION_TYPE"))) {
            Priming priming = new Priming(settings, rehearsal);
            REGISTERED.add(priming);
            Core.getGlobalContext().register(priming);
        }
    }

    /** What is to happen before the snapshot. */
    static List<Priming> registered() {
        return List.copyOf(REGISTERED);
    }

    @Override
    public void beforeCheckpoint(Context<? extends Resource> context) {
        prime();
    }

    /** Never fails: the first invocation then loads what is missing. */
    void prime() {
        attempt("rehearsing an event", () -> rehearsal.rehearse(stage()));
        attempt("a call to AWS", () -> AwsPorts.touch(settings.resources(), settings.endpoints()));
    }

    private Stage stage() {
        Ports ports = AwsPorts.staged(settings.resources(), settings.retentionDays());
        Stepstile stepstile = new Stepstile(ports, settings.timing(), JvmRuntime.create(), new InMemoryMeter());
        EmfMeter unprinted = new EmfMeter(InstantSource.system(), System.getenv());
        return new Stage(
                new FunctionEnvironment(stepstile, settings.shards(), unprinted::flush), ports, new RehearsalContext());
    }

    private interface Attempt {
        void make() throws Exception;
    }

    private static void attempt(String what, Attempt attempt) {
        try {
            attempt.make();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception | LinkageError e) {
            LOG.warn("Before the snapshot, {} failed ({}); first invocations take longer.", what, e.toString());
        }
    }

    @Override
    public void afterRestore(Context<? extends Resource> context) {
        // Clocks are set before each invocation; ids and random numbers come from the system; connections are made
        // anew.
    }
}
