package dev.stepstile.cli.ops;

import dev.stepstile.cli.Main;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A command in a process of its own, as a shell starts it, to its end. */
record CommandProcess(int status, String out, String err) {
    private static final int SECONDS = 60;

    static List<String> command(List<String> words) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dlog4j2.configurationFile=classpath:stepstile-cli-log4j2.xml",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(words);
        return command;
    }

    static CommandProcess run(Map<String, String> environment, String... words)
            throws IOException, InterruptedException {
        return ended(new ProcessBuilder(command(Arrays.asList(words))), environment);
    }

    /** On a terminal of 80 columns, by util-linux. Whoever types, types this. */
    static CommandProcess onTerminal(Map<String, String> environment, String typed, String... words)
            throws IOException, InterruptedException {
        String line = command(Arrays.asList(words)).stream()
                .map(word -> "'" + word.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" ", "exec ", ""));
        ProcessBuilder builder = new ProcessBuilder("script", "-qefc", line, "/dev/null");
        builder.environment().put("COLUMNS", "80");
        builder.environment().put("TERM", "xterm");
        Process process = started(builder, environment);
        process.getOutputStream().write(typed.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
        return ended(process);
    }

    private static CommandProcess ended(ProcessBuilder builder, Map<String, String> environment)
            throws IOException, InterruptedException {
        Process process = started(builder, environment);
        process.getOutputStream().close();
        return ended(process);
    }

    private static Process started(ProcessBuilder builder, Map<String, String> environment) throws IOException {
        builder.environment().keySet().removeIf(name -> name.startsWith("AWS_") || name.equals("NO_COLOR"));
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static CommandProcess ended(Process process) throws IOException, InterruptedException {
        List<String> err = new ArrayList<>();
        Thread reader = Thread.ofVirtual()
                .start(() -> process.errorReader(StandardCharsets.UTF_8).lines().forEach(err::add));
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("it does not end: " + out + err);
        }
        reader.join();
        return new CommandProcess(process.exitValue(), out, String.join("\n", err));
    }
}
