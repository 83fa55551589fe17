package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Functions in a JVM of their own, with the environment that Lambda gives them: logging is set up once for each JVM. */
final class FunctionProcess {
    private FunctionProcess() {}

    /** The lines that a class with a main method prints; its argument is a folder for the stack's state. */
    static List<String> printedBy(Class<?> main, Path folder, Map<String, String> variables)
            throws IOException, InterruptedException {
        Path out = folder.resolve("out");
        ProcessBuilder java = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName(),
                        folder.resolve("state").toString())
                .redirectOutput(out.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        java.environment()
                .putAll(Map.of(
                        "POWERTOOLS_METRICS_NAMESPACE", "Stepstile",
                        "AWS_LAMBDA_FUNCTION_NAME", "StepFunction",
                        "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"));
        java.environment().putAll(variables);
        Process process = java.start();
        boolean ended = process.waitFor(120, TimeUnit.SECONDS);
        process.destroyForcibly();
        List<String> printed = Files.readAllLines(out);
        assertThat(ended && process.exitValue() == 0)
                .as("it ends; it printed: %s", printed)
                .isTrue();
        return printed;
    }
}
