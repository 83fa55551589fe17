package dev.stepstile.emulators;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An emulator that runs in a process of its own, on a free port, until it is closed or this JVM ends. */
public final class EmulatorProcess implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(90);
    private static final Duration STOP = Duration.ofSeconds(10);
    private static final Duration LOOK = Duration.ofMillis(20);

    private final Process process;
    private final URI endpoint;
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private volatile boolean closing;

    private EmulatorProcess(String name, Path log, Process process, URI endpoint) {
        this.process = process;
        this.endpoint = endpoint;
        CompletableFuture<Void> _ = process.onExit().thenRun(() -> {
            if (!closing) {
                ended.complete(name + " (process " + process.pid() + ") ended with status " + process.exitValue()
                        + "; its log is " + log);
            }
        });
    }

    /** Completed, with how, once the process ended without having been asked to. */
    public CompletableFuture<String> ended() {
        return ended;
    }

    /**
     * @param name of the emulator's POM, and of its log
     * @param address that the program is told to listen on
     * @param logs where the log is written
     * @param program the options of the JVM, the main class and its arguments, on a port that the system gives
     * @param announcement what the program prints before that port, once it answers there
     */
    static EmulatorProcess start(
            String name, InetAddress address, Path logs, List<String> program, String announcement) {
        Path jars = EmulatorJars.ofThisMachine().folderOf(name);
        Path log = logs.resolve(name + ".log");
        try {
            Files.createDirectories(logs);
            long before = Files.exists(log) ? Files.size(log) : 0;
            Process process = launch(jars, log, program);
            int port = port(process, log, before, announcement);
            return new EmulatorProcess(name, log, process, endpoint(address, port));
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not start", e);
        }
    }

    private static Process launch(Path jars, Path log, List<String> program) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx768m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(compiler());
        command.addAll(List.of("-cp", ownClasses() + File.pathSeparator + jars.resolve("*")));
        command.addAll(program);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /** This JVM's: where it is too short-lived for C2 to pay, the emulator is too. */
    private static List<String> compiler() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("-XX:TieredStopAtLevel="))
                .toList();
    }

    private static int port(Process process, Path log, long before, String announcement) throws IOException {
        Pattern announced = Pattern.compile(Pattern.quote(announcement) + "(\\d+)\\D");
        long giveUp = System.nanoTime() + START.toNanos();
        try {
            boolean ended = false;
            while (!ended && System.nanoTime() < giveUp) {
                ended = process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                Matcher said = announced.matcher(from(log, before));
                if (said.find()) {
                    return Integer.parseInt(said.group(1));
                }
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while an emulator was starting", e);
        }
        process.destroyForcibly();
        throw new IllegalStateException("An emulator does not start; its log is " + log + ".");
    }

    private static String from(Path log, long before) throws IOException {
        try (InputStream written = Files.newInputStream(log)) {
            written.skipNBytes(before);
            return new String(written.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Where its clients go. */
    public URI endpoint() {
        return endpoint;
    }

    /** @param address an IPv4 address */
    static URI endpoint(InetAddress address, int port) {
        return URI.create("http://" + address.getHostAddress() + ":" + port);
    }

    long pid() {
        return process.pid();
    }

    /** Ends it as the end of this JVM would, and waits for that. */
    @Override
    public void close() {
        closing = true;
        try {
            process.getOutputStream().close();
            if (!process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** The jar or the folder that this class is in. */
    private static Path ownClasses() {
        try {
            return Path.of(EmulatorProcess.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the class path is no path", e);
        }
    }
}
