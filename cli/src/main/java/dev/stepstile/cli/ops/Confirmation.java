package dev.stepstile.cli.ops;

import dev.stepstile.cli.console.Terminal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --yes} and {@code --dry-run}, and the question between them. */
final class Confirmation {
    private static final Set<String> ANSWERS = Set.of("y", "yes");

    @Option(
            names = {"-y", "--yes"},
            description = "Do not ask. Needed where nobody can be asked.")
    private boolean yes;

    @Option(names = "--dry-run", description = "Print what would happen, and change nothing.")
    private boolean dryRun;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    boolean isDryRun() {
        return dryRun;
    }

    /** Whether what would happen is to be shown before it happens. */
    boolean asks() {
        return !yes;
    }

    /** Before the first call: nobody could answer. */
    void refuseIfNobodyCanBeAsked() {
        if (!yes && !dryRun && !Terminal.canAsk()) {
            throw new ParameterException(
                    Objects.requireNonNull(command).commandLine(),
                    "This changes something, and there is no terminal to ask on: give --yes, or --dry-run to see what"
                            + " would happen.");
        }
    }

    /**
     * Asks on standard error, so that an answer can go into a file.
     *
     * @return whether the answer is a yes
     */
    boolean confirmed(Terminal errors, String question) {
        if (yes) {
            return true;
        }
        errors.say(question + " Type y for yes; anything else leaves everything as it is.");
        try {
            String line = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
            if (line == null) {
                errors.verbatim(""); // Ctrl-D leaves the cursor where it was
                return false;
            }
            return ANSWERS.contains(line.strip().toLowerCase(Locale.ROOT));
        } catch (IOException e) {
            return false;
        }
    }
}
