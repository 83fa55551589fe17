package dev.stepstile.stackfaults;

import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.testing.StackCaller;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A whole stack in a process of its own, to be killed. */
final class StackProcess {
    private final Process process;
    private final StackCaller api;
    private int killed;

    private StackProcess(Process process, StackCaller api) {
        this.process = process;
        this.api = api;
    }

    /** What the process runs. */
    static final class Main {
        public static void main(String[] args) {
            try {
                StackOptions.Kind kind = StackOptions.Kind.valueOf(args[0]);
                LocalStack stack = LocalStack.start(
                        StackOptions.of(kind, Path.of(args[1])).withWorkers(Integer.parseInt(args[2])));
                System.out.println("endpoint " + stack.endpoint());
            } catch (RuntimeException | Error e) {
                e.printStackTrace();
                Runtime.getRuntime().halt(1); // else threads that were started keep it, and its output open
            }
        }
    }

    /** Starts a stack on what an earlier one left in the folder. */
    static StackProcess start(StackOptions.Kind kind, Path folder) throws IOException {
        return start(kind, folder, 2);
    }

    static StackProcess start(StackOptions.Kind kind, Path folder, int workers) throws IOException {
        Path errors = folder.resolve("stack.err");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xshare:auto",
                        "-Dhttp.maxConnections=64",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        kind.name(),
                        folder.toString(),
                        Integer.toString(workers))
                .redirectError(errors.toFile())
                .start();
        BufferedReader printed =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = printed.readLine();
        while (line != null && !line.startsWith("endpoint ")) {
            line = printed.readLine();
        }
        if (line == null) {
            process.destroyForcibly();
            throw new IOException("the stack ended while it was starting:\n" + Files.readString(errors));
        }
        Thread.ofVirtual().start(() -> printed.lines().forEach(rest -> {}));
        return new StackProcess(process, new StackCaller(URI.create(line.substring("endpoint ".length()))));
    }

    StackCaller api() {
        return api;
    }

    /**
     * Kills an environment of a function by SIGKILL; false if none has a process just now.
     *
     * @param function a piece of its class's name
     */
    boolean kill(String function) {
        List<ProcessHandle> environments = process.toHandle()
                .descendants()
                .filter(child -> {
                    String command = commandLine(child);
                    return command.contains("api.client.AWSLambda") && command.contains(function);
                })
                .toList();
        return !environments.isEmpty()
                && environments.get(killed++ % environments.size()).destroyForcibly();
    }

    /** In full: Java reports a part of a long one. */
    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
        } catch (IOException e) {
            return ""; // it has ended
        }
    }

    /** Kills all of it by SIGKILL, with the sweeper and the functions that answer calls; its workers end with it. */
    void kill() throws InterruptedException {
        List<ProcessHandle> children = process.toHandle().descendants().toList();
        process.destroyForcibly().waitFor();
        for (ProcessHandle child : children) {
            child.onExit().join(); // or the next stack finds an emulator on the files it wants
        }
    }
}
