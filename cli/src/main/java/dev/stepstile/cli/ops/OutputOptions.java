package dev.stepstile.cli.ops;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How answers are printed: {@code --output} and {@code --json}, the same of each command. */
final class OutputOptions {
    enum Format {
        TABLE,
        JSON,
        CSV,
        NAME
    }

    /** As they are usually written. */
    static final class Formats extends ArrayList<String> {
        Formats() {
            super(List.of("table", "json", "csv", "name"));
        }
    }

    @Option(
            names = {"-o", "--output"},
            completionCandidates = Formats.class,
            paramLabel = "FORMAT",
            description = "table, json (each entry in a line of its own, as the API has it), and of lists csv, or name"
                    + " (keys or ids alone). Default: table.")
    private @Nullable Format format;

    @Option(names = "--json", description = "The same as --output json.")
    private boolean json;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    Format format() {
        if (json && format != null && format != Format.JSON) {
            throw wrong("--json and --output say different things: give one of them.");
        }
        return json ? Format.JSON : Objects.requireNonNullElse(format, Format.TABLE);
    }

    /** Of a command whose answer is no list. */
    boolean isJson() {
        return switch (format()) {
            case TABLE -> false;
            case JSON -> true;
            case CSV, NAME -> throw wrong("This command prints no list: --output takes table or json.");
        };
    }

    /** Whether what goes wrong is told to a program; never throws. */
    boolean wantsJson() {
        return json || format == Format.JSON;
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(command).commandLine(), why);
    }
}
