package dev.stepstile.cli.python;

import dev.stepstile.cli.console.Launcher;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;

/**
 * A command that is a Python script of the checkout. It runs in a venv of its own, which {@code build/python-env} makes. The
 * script parses its options itself, {@code --help} too.
 */
public abstract class PythonScript implements Callable<Integer> {
    @Option(names = "--help", hidden = true)
    private boolean help;

    @Unmatched
    private List<String> arguments = new ArrayList<>();

    private final String environment;
    private final List<String> requirements;
    private final String script;

    /** @param environment the name of its venv below {@code .stepstile/python} */
    protected PythonScript(String environment, List<String> requirements, String script) {
        this.environment = environment;
        this.requirements = requirements;
        this.script = script;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path checkout = Launcher.ofThisProcess().checkout("The script " + script);
        List<String> command = new ArrayList<>(
                List.of(python(checkout), checkout.resolve(script).toString()));
        if (help) {
            command.add("--help");
        }
        command.addAll(arguments);
        ProcessBuilder process = new ProcessBuilder(command).inheritIO();
        Map<String, String> variables = process.environment();
        variables.merge("PYTHONPATH", packages(checkout), (theirs, ours) -> ours + File.pathSeparator + theirs);
        variables.put("PYTHONUNBUFFERED", "1");
        return process.start().waitFor();
    }

    /** The sources of the project's Python packages, as a search path. */
    private static String packages(Path checkout) {
        return Stream.of("client/python", "client/python-host", "orchestrators/dagster")
                .map(name -> checkout.resolve(name).resolve("src").toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    private String python(Path checkout) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(checkout.resolve("build/python-env").toString(), environment));
        command.addAll(requirements);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String venv = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (process.waitFor() != 0) {
            throw new IllegalStateException("build/python-env could not make the venv of " + script + ".");
        }
        return venv + File.separator + "bin" + File.separator + "python";
    }
}
