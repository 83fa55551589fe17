package dev.stepstile.emulators;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

/** An emulator that runs in a process of its own, on a free port of loopback, until it is closed or this JVM ends. */
public final class EmulatorProcess implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(90);
    private static final Duration STOP = Duration.ofSeconds(10);
    private static final Duration LOOK = Duration.ofMillis(20);

    /** The port was free when it was looked for; another process may have taken it since. */
    private static final int TRIES = 3;

    private final String name;
    private final Process process;
    private final int port;

    private EmulatorProcess(String name, Process process, int port) {
        this.name = name;
        this.process = process;
        this.port = port;
    }

    /**
     * @param name of the emulator's POM, and of its log
     * @param logs where the log is written
     * @param program from a port to the options of the JVM, the main class and its arguments
     */
    static EmulatorProcess start(String name, Path logs, IntFunction<List<String>> program) {
        Path jars = EmulatorJars.ofThisMachine().folderOf(name);
        Path log = logs.resolve(name + ".log");
        try {
            Files.createDirectories(logs);
            for (int i = 0; i < TRIES; i++) {
                int port = freePort();
                EmulatorProcess emulator = new EmulatorProcess(name, launch(jars, log, program.apply(port)), port);
                if (emulator.answers()) {
                    return emulator;
                }
                emulator.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(name + " does not start", e);
        }
        throw new IllegalStateException(name + " does not start; its log is " + log + ".");
    }

    private static Process launch(Path jars, Path log, List<String> program) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx768m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                ownClasses() + java.io.File.pathSeparator + jars.resolve("*")));
        command.addAll(program);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /** Whether it takes connections before it ends or the patience does. */
    private boolean answers() {
        long giveUp = System.nanoTime() + START.toNanos();
        try {
            while (System.nanoTime() < giveUp) {
                try (Socket socket = new Socket()) {
                    socket.connect(address(port), (int) LOOK.toMillis());
                    return process.isAlive();
                } catch (IOException notYet) {
                    if (process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                        return false;
                    }
                }
            }
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
            throw new IllegalStateException("interrupted while " + name + " was starting", e);
        }
    }

    /** Where its clients go. */
    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + port);
    }

    long pid() {
        return process.pid();
    }

    /** Ends it as the end of this JVM would, and waits for that. */
    @Override
    public void close() {
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

    private static InetSocketAddress address(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(address(0));
            return socket.getLocalPort();
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
