package dev.stepstile.cli.ops;

import dev.stepstile.cli.Main;
import dev.stepstile.cli.local.CommandLineProcess;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
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

    /** On a terminal of 80 columns, by util-linux. */
    static CommandProcess onTerminal(Map<String, String> environment, String... words)
            throws IOException, InterruptedException {
        return ended(startedOnTerminal(environment, words));
    }

    /** On a terminal: once this was printed, that is typed. */
    static CommandProcess answered(String printed, String typed, String... words)
            throws IOException, InterruptedException {
        Process process = startedOnTerminal(Map.of(), words);
        String before = until(printed, process.getInputStream());
        process.getOutputStream().write(typed.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
        CommandProcess ended = ended(process);
        return new CommandProcess(ended.status(), before + ended.out(), ended.err());
    }

    /** Through a pipe into another program of a shell; the status is that of the command. */
    static CommandProcess piped(String into, String... words) throws IOException, InterruptedException {
        String line = quoted(command(Arrays.asList(words))) + " | " + into + "; exit ${PIPESTATUS[0]}";
        return ended(new ProcessBuilder("bash", "-c", line), Map.of());
    }

    private static String quoted(List<String> words) {
        return words.stream()
                .map(word -> "'" + word.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" "));
    }

    private static Process startedOnTerminal(Map<String, String> environment, String... words) throws IOException {
        List<String> command = new ArrayList<>(CommandLineProcess.INTERRUPTIBLE);
        command.addAll(command(Arrays.asList(words)));
        ProcessBuilder builder = new ProcessBuilder("script", "-qefc", "exec " + quoted(command), "/dev/null");
        builder.environment().put("COLUMNS", "80");
        builder.environment().put("TERM", "xterm");
        return started(builder, environment);
    }

    private static String until(String text, InputStream out) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        while (!read.toString(StandardCharsets.UTF_8).contains(text)) {
            int next = out.read();
            if (next < 0) {
                throw new AssertionError("it ended without '" + text + "': " + read.toString(StandardCharsets.UTF_8));
            }
            read.write(next);
        }
        return read.toString(StandardCharsets.UTF_8);
    }

    private static CommandProcess ended(ProcessBuilder builder, Map<String, String> environment)
            throws IOException, InterruptedException {
        Process process = started(builder, environment);
        process.getOutputStream().close();
        return ended(process);
    }

    private static Process started(ProcessBuilder builder, Map<String, String> environment) throws IOException {
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("AWS_")
                        || List.of("NO_COLOR", "STEPSTILE_TERMINALS").contains(name));
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
