package dev.stepstile.local.runbooks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Runs commands as bash does that somebody types them into: variables and functions of earlier ones stay. */
final class Shell {
    private static final String BEGIN = """
            known=" $(compgen -A variable | tr '\\n' ' ') known name "
            . ./variables
            set -euo pipefail
            """;

    private static final String END = """

            for name in $(compgen -A variable); do
              [[ $known == *" $name "* ]] || declare -p "$name"
            done >variables.new
            declare -f >>variables.new
            mv variables.new variables
            """;

    private final Path folder;
    private final Path state;
    private final Map<String, String> environment;

    /** @param environment of every command, beside the one of this process without its own AWS settings */
    Shell(Path folder, Map<String, String> environment) throws IOException {
        this.folder = folder;
        this.environment = new TreeMap<>(environment);
        state = Files.createFile(folder.resolve("variables"));
    }

    /** What a command printed, and its exit code. */
    record Ended(int status, String out, String error) {}

    Ended attempt(String commands, Map<String, String> variables) throws IOException, InterruptedException {
        File out = folder.resolve("out").toFile();
        File error = folder.resolve("error").toFile();
        String script = BEGIN + commands + END;
        ProcessBuilder builder = new ProcessBuilder("bash", "-c", script)
                .directory(folder.toFile())
                .redirectOutput(out)
                .redirectError(error);
        builder.environment().keySet().removeIf(name -> name.startsWith("AWS_"));
        builder.environment().putAll(environment);
        Map<String, String> given = new TreeMap<>(variables);
        Files.writeString(
                state,
                given.entrySet().stream()
                        .map(each -> "export " + each.getKey() + "='" + each.getValue() + "'\n")
                        .reduce(Files.readString(state), String::concat));
        int status = builder.start().waitFor();
        return new Ended(status, Files.readString(out.toPath()), Files.readString(error.toPath()));
    }

    /** What a command printed that has succeeded. */
    String run(String commands, Map<String, String> variables) throws IOException, InterruptedException {
        Ended ended = attempt(commands, variables);
        assertThat(ended.status()).as(commands + ended.out() + ended.error()).isZero();
        return ended.out();
    }

    String run(String commands) throws IOException, InterruptedException {
        return run(commands, Map.of());
    }
}
