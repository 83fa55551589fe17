package dev.stepstile.local.isolated;

import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import dev.stepstile.emulators.ExitWithParent;
import dev.stepstile.local.events.Worker.WorkerLost;
import dev.stepstile.local.isolated.RuntimeApi.Invocation;
import dev.stepstile.local.isolated.RuntimeApi.Outcome;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** A process on AWS's runtime interface client, with the Runtime API that it asks. */
final class FunctionProcess implements AutoCloseable {
    private static final String ARN = "arn:aws:lambda:local:000000000000:function:";
    private static final String HEAP_MEGABYTES = "256";

    /** How long a JVM may take until it asks for work; Lambda gives 10 s, a busy machine needs more. */
    private static final Duration INIT = Duration.ofMinutes(2);

    private static final Duration GLANCE = Duration.ofMillis(50);

    /** How long to wait for a killed process to exit. */
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(5);

    /** What a child has of this process's environment: no credentials, no settings. */
    private static final List<String> INHERITED = List.of("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR");

    /**
     * Starts quickly, as most of its life is short; is gone when its heap is exhausted, since threads other than the
     * guilty one may have missed an allocation too.
     */
    private static final List<String> JVM = List.of(
            "-Xmx" + HEAP_MEGABYTES + "m",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-Dhttp.maxConnections=64",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow");

    private final RuntimeApi api;
    private final Process process;
    private final Thread output;

    /**
     * @param function its name
     * @param handler of the function, as {@code class::method}
     * @param variables the function's environment
     * @param library the runtime interface client's native one; the process works in its folder
     */
    FunctionProcess(String function, String handler, Map<String, String> variables, Path library, WorkerLog log) {
        api = new RuntimeApi(ARN + function);
        ProcessBuilder builder = new ProcessBuilder(command(handler, library))
                .directory(library.toFile().getParentFile())
                .redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.keySet().retainAll(INHERITED);
        environment.putAll(variables);
        environment.put("AWS_LAMBDA_RUNTIME_API", api.address());
        environment.put("AWS_LAMBDA_FUNCTION_NAME", function);
        environment.put("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", HEAP_MEGABYTES);
        environment.put("AWS_LAMBDA_LOG_GROUP_NAME", "local");
        environment.put("AWS_LAMBDA_LOG_STREAM_NAME", "local");
        environment.put("_HANDLER", handler);
        try {
            process = builder.start();
        } catch (IOException e) {
            api.close();
            throw new UncheckedIOException("A worker process cannot be started", e);
        }
        output = Thread.ofVirtual()
                .name("output of " + process.pid())
                .start(() -> log.follow(process.pid(), process.getInputStream()));
    }

    private static List<String> command(String handler, Path library) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM);
        command.add("-D" + RuntimeClientLibrary.PROPERTY + "=" + library);
        command.addAll(List.of("-cp", classPath()));
        command.addAll(List.of(ExitWithParent.class.getName(), AWSLambda.class.getName(), handler));
        return command;
    }

    /** This process's own, absolute, as the child works in another folder. */
    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** Hands an invocation over; false if the process ended before it asked for one, or never asks. */
    boolean takes(Invocation invocation) throws InterruptedException {
        long began = System.nanoTime();
        while (process.isAlive() && System.nanoTime() - began < INIT.toNanos()) {
            if (api.hand(invocation, GLANCE)) {
                return true;
            }
        }
        return false;
    }

    /** Waits for what an invocation that was taken comes to. */
    Outcome outcome(Invocation invocation) throws WorkerLost, InterruptedException {
        try {
            CompletableFuture.anyOf(invocation.outcome(), process.onExit())
                    .get(invocation.timeout().toMillis(), TimeUnit.MILLISECONDS);
            if (invocation.outcome().isDone()) {
                return invocation.outcome().get();
            }
            throw new WorkerLost(ending());
        } catch (TimeoutException e) {
            kill();
            throw new WorkerLost("process " + process.pid() + " was killed: not done after "
                    + invocation.timeout().toSeconds() + " s");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** How the process ended, or that it did not start to work. */
    String ending() {
        String initError = api.initError();
        if (initError != null) {
            return "process " + process.pid() + " could not initialise the function: " + initError;
        }
        return process.isAlive()
                ? "process " + process.pid() + " asked for no work within " + INIT.toSeconds() + " s"
                : "process " + process.pid() + " ended with status " + process.exitValue();
    }

    /** Sends SIGTERM. */
    void stop() {
        process.toHandle().destroy();
    }

    /** Kills the process, as kill -9 does; what it printed before is in the log. */
    @Override
    public void close() {
        kill();
        api.close();
        try {
            process.waitFor(EXIT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            output.join(EXIT_TIMEOUT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** By its handle: {@link Process#destroyForcibly} would also close the pipe, and with it what was not yet read. */
    private void kill() {
        process.toHandle().destroyForcibly();
    }
}
