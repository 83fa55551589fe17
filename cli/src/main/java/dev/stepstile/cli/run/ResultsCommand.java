package dev.stepstile.cli.run;

import dev.stepstile.cli.api.Api;
import dev.stepstile.cli.api.StackException;
import dev.stepstile.cli.console.StepStates;
import dev.stepstile.cli.console.Terminal;
import dev.stepstile.cli.results.ResultFormat;
import dev.stepstile.cli.results.ResultWriter;
import dev.stepstile.client.RefusedException;
import dev.stepstile.client.StepStatus;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.client.UnauthorisedException;
import dev.stepstile.client.UnreachableException;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./stepstile results}: the results of a run that exists. */
@Command(
        name = "results",
        description =
                "Exports the results of a run: how each of its steps has ended, with its result or its error. Steps that"
                        + " have not ended are left out.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Example:",
            "  ./stepstile results nightly --states DEAD,FAILED --output failed.csv",
            "",
            "Exit status: 0 exported, 1 there is no such run, 69 the API does not",
            "answer, 74 the file cannot be written. Details: docs/run.md"
        })
public final class ResultsCommand implements Callable<Integer> {
    private static final Set<StepStatus> ENDED = EnumSet.of(
            StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.DEAD, StepStatus.CANCELLED, StepStatus.UNKNOWN);

    @Parameters(paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description =
                    "A file that ends in .jsonl, .csv or .parquet; it is replaced as a whole. Default: the standard"
                            + " output, as JSON Lines.")
    private @Nullable Path output;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "${COMPLETION-CANDIDATES}. Default: by the extension.")
    private @Nullable ResultFormat format;

    @Option(
            names = "--states",
            paramLabel = "STATE",
            split = ",",
            completionCandidates = StepStates.class,
            description = "Of these only: SUCCEEDED, FAILED, DEAD, CANCELLED, UNKNOWN. Default: all of them.")
    private List<StepStatus> states = List.of();

    @Mixin
    private Api api = new Api();

    @Spec
    private @Nullable CommandSpec spec;

    private final Terminal errors = Terminal.ofErrors();

    @Override
    public Integer call() {
        ResultFormat of = format();
        Set<StepStatus> wanted = states.isEmpty() ? ENDED : EnumSet.copyOf(states);
        if (!ENDED.containsAll(wanted)) {
            throw wrong("--states takes states of steps that have ended: " + ENDED + ".");
        }
        try (StepstileClient client = api.client()) {
            ResultExport export = new ResultExport(client, run, wanted);
            if (output == null) {
                try (ResultWriter out =
                        ResultWriter.of(of, run, new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)))) {
                    export.to(out);
                }
            } else {
                export(export, output, of);
            }
            errors.say(String.format(
                            Locale.ROOT, "%,d results%s.", export.written(), output == null ? "" : " in " + output)
                    + (export.notEnded() == 0
                            ? ""
                            : String.format(
                                    Locale.ROOT, " %,d steps have not ended and are left out.", export.notEnded())));
            return 0;
        } catch (RefusedException e) {
            errors.say(String.valueOf(e.getMessage()));
            return 1;
        } catch (UnreachableException | UnauthorisedException | StackException e) {
            errors.say(String.valueOf(e.getMessage()));
            return ExitStatus.UNREACHABLE;
        } catch (IOException e) {
            errors.say("The results cannot be written" + (output == null ? "" : " into " + output) + ": "
                    + e.getMessage());
            return ExitStatus.RESULTS_NOT_WRITTEN;
        }
    }

    /** Into a file beside it, which takes its place once it is whole. */
    private void export(ResultExport export, Path file, ResultFormat of) throws IOException {
        Path whole = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            OutputStream out = new BufferedOutputStream(Files.newOutputStream(whole), 1 << 16);
            try (ResultWriter writer = ResultWriter.of(of, run, out)) {
                export.to(writer);
            }
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(whole);
        }
    }

    private ResultFormat format() {
        return Optional.ofNullable(format)
                .or(() -> output == null ? Optional.of(ResultFormat.JSONL) : ResultFormat.of(output.toString()))
                .orElseThrow(() ->
                        wrong("The format of " + output + " is not known: name it by --format JSONL, CSV or PARQUET."));
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }
}
