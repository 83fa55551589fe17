package dev.stepstile.bench.functions;

import dev.stepstile.local.isolated.RuntimeClientLibrary;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A function under AWS's Runtime Interface Emulator, with AWS's runtime interface client, in a JVM that the emulator starts at the
 * first event. With SnapStart, the client runs the hooks before a checkpoint and after a restore as on AWS, but the JVM
 * goes on: nothing is written and read back.
 */
final class EmulatedFunction implements AutoCloseable {
    private static final String CLIENT = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";

    /** What the runtime has of its own: the client, and what it needs. */
    private static final List<String> RUNTIME = List.of(
            CLIENT,
            "com.amazonaws.services.lambda.runtime.Context",
            "com.amazonaws.services.lambda.runtime.serialization.PojoSerializer",
            "software.amazon.awssdk.utilslite.SdkInternalThreadLocal");

    private static final List<String> INHERITED = List.of("PATH", "HOME", "LANG", "TMPDIR");

    /** Longer than a function may take here, which may be slow. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final Duration EMULATOR_STARTS_WITHIN = Duration.ofSeconds(30);

    private final HttpClient http = HttpClient.newHttpClient();
    private final Process emulator;
    private final URI invocations;
    private final @Nullable RestoreGate gate;
    private volatile Mark restored = new Mark(0, Duration.ZERO);

    /** A moment, and how much processor time the JVM had used until then. */
    private record Mark(long nanos, Duration cpu) {}

    /**
     * How a function is started.
     *
     * @param javaOptions as the variable {@code JAVA_TOOL_OPTIONS} of the function
     * @param snapStart whether its hooks are run, and time is counted from the restore
     * @param quota of a processor, if any
     */
    record Launch(
            TaskRoot root,
            String javaOptions,
            int memory,
            Map<String, String> variables,
            boolean snapStart,
            @Nullable CpuQuota quota) {}

    /**
     * What the first event cost, from the start of the JVM or from its restore until the answer.
     *
     * @param classes that were not in the JDK's own archive and were loaded from jars
     */
    record First(String answer, Duration wall, Duration cpu, long classes) {}

    EmulatedFunction(Path emulatorBinary, Path folder, Launch launch) {
        int entrance = freePort();
        int runtimeApi = freePort();
        invocations = URI.create("http://127.0.0.1:" + entrance + "/2015-03-31/functions/function/invocations");
        gate = launch.snapStart() ? new RestoreGate(runtimeApi, () -> restored = mark()) : null;
        List<String> command = new ArrayList<>(List.of(
                emulatorBinary.toString(),
                "--runtime-interface-emulator-address",
                "127.0.0.1:" + entrance,
                "--runtime-api-address",
                "127.0.0.1:" + runtimeApi));
        if (gate != null) {
            command.addAll(List.of(
                    "/usr/bin/env",
                    "AWS_LAMBDA_INITIALIZATION_TYPE=snap-start",
                    "AWS_LAMBDA_RUNTIME_API=" + gate.address()));
        }
        command.addAll(java(folder, launch));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(launch.root().folder().toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        folder.resolve("functions.log").toFile()));
        Map<String, String> environment = builder.environment();
        environment.keySet().retainAll(INHERITED);
        environment.putAll(launch.variables());
        environment.put("JAVA_TOOL_OPTIONS", launch.javaOptions());
        environment.put("AWS_LAMBDA_FUNCTION_NAME", launch.root().handler().replaceAll(".*\\.", ""));
        environment.put("AWS_LAMBDA_FUNCTION_TIMEOUT", Long.toString(PATIENCE.toSeconds()));
        environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Integer.toString(launch.memory()));
        try {
            emulator = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException("The emulator does not start", e);
        }
        if (launch.quota() != null) {
            launch.quota().take(emulator);
        }
    }

    private static List<String> java(Path folder, Launch launch) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // As Lambda's runtime starts it: a heap within the memory, and two processors, of which it gets a
                // share.
                "-Xmx" + launch.memory() * 4 / 5 + "m",
                "-XX:ActiveProcessorCount=2",
                "-XX:+UseSerialGC",
                "-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac",
                "-Djava.net.preferIPv4Stack=true",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-D" + RuntimeClientLibrary.PROPERTY + "=" + RuntimeClientLibrary.unpack(folder),
                "-cp",
                RUNTIME.stream().map(EmulatedFunction::jarOf).collect(Collectors.joining(File.pathSeparator)),
                CLIENT,
                launch.root().handler());
    }

    private static String jarOf(String className) {
        try {
            CodeSource source = Class.forName(className).getProtectionDomain().getCodeSource();
            return Path.of(Objects.requireNonNull(source).getLocation().toURI()).toString();
        } catch (ReflectiveOperationException | java.net.URISyntaxException e) {
            throw new IllegalStateException("The class path has no " + className, e);
        }
    }

    /** Sends the first event. */
    First first(String event) throws InterruptedException {
        Mark began = new Mark(System.nanoTime(), Duration.ZERO);
        String answer = post(event);
        Mark ended = mark();
        if (gate != null) {
            began = restored;
        }
        return new First(
                answer,
                Duration.ofNanos(ended.nanos() - began.nanos()),
                ended.cpu().minus(began.cpu()),
                loadedClasses());
    }

    /** Another event to the same JVM; the answer. */
    String post(String event) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(invocations)
                .timeout(PATIENCE)
                .POST(HttpRequest.BodyPublishers.ofString(event))
                .build();
        long giveUp = System.nanoTime() + EMULATOR_STARTS_WITHIN.toNanos();
        while (true) {
            try {
                return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
            } catch (ConnectException notYet) {
                if (!emulator.isAlive() || System.nanoTime() > giveUp) {
                    throw new IllegalStateException("The emulator does not listen at " + invocations, notYet);
                }
                Thread.sleep(5);
            } catch (IOException e) {
                throw new UncheckedIOException("The emulator did not answer", e);
            }
        }
    }

    private Mark mark() {
        return new Mark(System.nanoTime(), jvm().info().totalCpuDuration().orElseThrow());
    }

    private ProcessHandle jvm() {
        try (Stream<ProcessHandle> children = emulator.children()) {
            return children.findFirst().orElseThrow(() -> new IllegalStateException("The function's JVM has ended"));
        }
    }

    private long loadedClasses() {
        try {
            Process counters = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "jcmd")
                                    .toString(),
                            Long.toString(jvm().pid()),
                            "PerfCounter.print")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return counters.inputReader()
                    .lines()
                    .filter(line -> line.startsWith("java.cls.loadedClasses="))
                    .mapToLong(line -> Long.parseLong(line.substring(line.indexOf('=') + 1)))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the emulator, which kills the JVM. */
    @Override
    public void close() {
        List<ProcessHandle> all = emulator.descendants().toList();
        emulator.destroy();
        try {
            if (!emulator.waitFor(10, TimeUnit.SECONDS)) {
                emulator.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (ProcessHandle left : all) {
            left.destroyForcibly();
            left.onExit().join();
        }
        if (gate != null) {
            gate.close();
        }
        http.close();
    }
}
