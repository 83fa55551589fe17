package dev.stepstile.cli.local;

import dev.stepstile.cli.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The command line in a process of its own, as a shell starts it. */
public final class CommandLineProcess implements AutoCloseable {
    /** A test that was started in the background ignores interrupts, and so would what it starts. */
    public static final List<String> INTERRUPTIBLE = List.of(
            "python3",
            "-c",
            "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])");

    private final Process process;
    private final BufferedReader printed;
    private final List<String> lines = new ArrayList<>();

    private CommandLineProcess(Process process) {
        this.process = process;
        this.printed = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    public static CommandLineProcess start(Path home, String... arguments) throws IOException {
        return start(home, List.of(), arguments);
    }

    public static CommandLineProcess start(Path home, List<String> javaOptions, String... arguments)
            throws IOException {
        return start(home, javaOptions, Map.of(), arguments);
    }

    public static CommandLineProcess start(Path home, Map<String, String> environment, String... arguments)
            throws IOException {
        return start(home, List.of(), environment, arguments);
    }

    private static CommandLineProcess start(
            Path home, List<String> javaOptions, Map<String, String> environment, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dlog4j2.configurationFile=classpath:stepstile-cli-log4j2.xml",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(1, javaOptions);
        command.addAll(List.of(arguments));
        command.addAll(0, INTERRUPTIBLE);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeAll(List.of("TRACEPARENT", "TRACESTATE")); // the test's own
        builder.environment().put("STEPSTILE_HOME", home.toString());
        builder.environment().putAll(environment);
        return new CommandLineProcess(builder.start());
    }

    /** Reads on until a line has this in it; the line. */
    public String await(String text) throws IOException {
        for (String line = printed.readLine(); line != null; line = printed.readLine()) {
            lines.add(line);
            if (line.contains(text)) {
                return line;
            }
        }
        throw new AssertionError("it ended without '" + text + "': " + lines);
    }

    /** Waits for its end; what it printed. */
    public List<String> ended(int status) throws IOException, InterruptedException {
        return ended(status, Duration.ofSeconds(20));
    }

    public List<String> ended(int status, Duration within) throws IOException, InterruptedException {
        printed.lines().forEach(lines::add);
        if (!process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("it does not end: " + lines);
        }
        if (process.exitValue() != status) {
            throw new AssertionError("status " + process.exitValue() + ": " + lines);
        }
        return lines;
    }

    public Process process() {
        return process;
    }

    /** By SIGKILL, and waits until it and its emulators have ended. */
    public void kill() throws InterruptedException {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly().waitFor();
        children.forEach(child -> child.onExit().join());
    }

    @Override
    public void close() throws IOException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        printed.close();
    }
}
