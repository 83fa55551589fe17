package dev.stepstile.cli.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.cli.api.Api;
import dev.stepstile.cli.api.StackException;
import dev.stepstile.cli.console.Launcher;
import dev.stepstile.cli.console.ShellWord;
import dev.stepstile.cli.console.Terminal;
import dev.stepstile.cli.results.ResultFormat;
import dev.stepstile.cli.results.ResultSink;
import dev.stepstile.cli.results.ResultsFileException;
import dev.stepstile.cli.rows.BadRowException;
import dev.stepstile.cli.rows.ColumnTypes;
import dev.stepstile.cli.rows.RowFormat;
import dev.stepstile.cli.rows.RowKind;
import dev.stepstile.cli.rows.RowOptions;
import dev.stepstile.cli.rows.RowSource;
import dev.stepstile.cli.rows.Rows;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.client.TraceContext;
import dev.stepstile.client.UnauthorisedException;
import dev.stepstile.client.UnreachableException;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./stepstile run}: the rows of a file as the steps of a run, to their ends. */
@Command(
        name = "run",
        description =
                "Dispatches the rows of a file as the steps of a run, waits for them, and writes their results. A file"
                        + " is checked as a whole first; nothing is dispatched if a row is wrong. The same command again with --run"
                        + " goes on with that run.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Example:",
            "  ./stepstile run images.csv --handler resize --key name \\",
            "    --types width=number --results out.jsonl",
            "",
            "Exit status: 0 all steps succeeded, 3 some did not, 65 a row is wrong,",
            "69 the API does not answer, 74 the results cannot be written, 130",
            "detached from or cancelled by Ctrl-C. Details: docs/run.md"
        })
public final class RunCommand implements Callable<Integer> {
    private static final String STDIN = "-";

    @Parameters(
            paramLabel = "FILE",
            description =
                    "The rows, in JSON (an array, or a dispatch document), JSON Lines or CSV; - reads them from the"
                            + " standard input.")
    private String file = "";

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "${COMPLETION-CANDIDATES}. Default: by the file's extension.")
    private @Nullable RowFormat format;

    @Option(
            names = "--rows",
            paramLabel = "KIND",
            description =
                    "What a row of JSON holds: INPUTS, or STEPS with key, handler, input and so on. Default: INPUTS;"
                            + " a row that looks like a step is refused then.")
    private @Nullable RowKind kind;

    @Option(names = "--handler", paramLabel = "NAME", description = "Which code runs the steps.")
    private @Nullable String handler;

    @Option(
            names = "--key",
            paramLabel = "NAME",
            description =
                    "The column, or the member of an input, that is the step's key. Default: a key is derived from the"
                            + " row's content.")
    private @Nullable String key;

    @Option(
            names = "--types",
            paramLabel = "COLUMN=TYPE",
            split = ",",
            description =
                    "Of columns of CSV: string, number, boolean or json, as in width=number,tags=json. Default: all"
                            + " are strings.")
    private Map<String, String> types = new LinkedHashMap<>();

    @Option(names = "--run", paramLabel = "ID", description = "The run. Default: a new one, which is printed first.")
    private @Nullable String run;

    @Option(names = "--max-attempts", paramLabel = "N", description = "Attempts of a step, 1 to 100. Default: 3.")
    private @Nullable Integer maxAttempts;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "Of an attempt, 1 to 880. Default: 300.")
    private @Nullable Integer timeout;

    @Option(names = "--tenant", paramLabel = "NAME", description = "Whose steps these are. Default: the run.")
    private @Nullable String tenant;

    @Option(names = "--tag", paramLabel = "NAME=VALUE", description = "A tag of all steps. May be repeated.")
    private Map<String, String> tags = new LinkedHashMap<>();

    @Option(
            names = "--results",
            paramLabel = "FILE",
            description = "Writes results as steps end: JSON Lines, CSV or Parquet, by its extension. A Parquet"
                    + " file appears at the end.")
    private @Nullable Path resultsFile;

    @Option(names = "--detach", description = "Dispatch the rows, and do not wait for the steps.")
    private boolean detach;

    @Option(names = "--json", description = "Print JSON Lines: events started, progress, note and ended.")
    private boolean json;

    @Mixin
    private Api api = new Api();

    @Spec
    private @Nullable CommandSpec spec;

    private final Terminal errors = Terminal.ofErrors();

    @Override
    public Integer call() throws IOException, InterruptedException {
        RowOptions options = options();
        String runId = run == null ? RunIds.mint(file) : run;
        if (!Limits.isRunId(runId)) {
            throw wrong("--run must have 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ + = -, and not be . or ..");
        }
        if (detach && resultsFile != null) {
            throw wrong("--detach does not wait for results: export them later with "
                    + Launcher.ofThisProcess().command() + " results " + runId + ".");
        }
        Optional<ResultFormat> resultFormat = Optional.ofNullable(resultsFile).map(this::resultFormat);
        RowFormat rowFormat = rowFormat();
        try (StepstileClient client = api.client()) {
            return dispatched(client, runId, rowFormat, options, resultFormat);
        } catch (BadRowException e) {
            errors.say((file.equals(STDIN) ? "Standard input" : file) + ", " + e.getMessage());
            return ExitStatus.BAD_INPUT;
        } catch (NoSuchFileException e) {
            errors.say("There is no file " + e.getFile() + ".");
            return ExitStatus.BAD_INPUT;
        } catch (UnreachableException | UnauthorisedException | StackException e) {
            errors.say(e.getMessage() + " What was dispatched goes on; go on with it by: " + again(runId));
            return ExitStatus.UNREACHABLE;
        } catch (ResultsFileException e) {
            errors.say(String.valueOf(e.getMessage()));
            return ExitStatus.RESULTS_NOT_WRITTEN;
        }
    }

    private int dispatched(
            StepstileClient client,
            String runId,
            RowFormat rowFormat,
            RowOptions options,
            Optional<ResultFormat> resultFormat)
            throws IOException, InterruptedException {
        RunReport report = json ? new JsonReport() : new TextReport();
        try (Spooled input = Spooled.of(file, rowFormat);
                Rows rows = rows(input.source(), options);
                ResultSink results = resultFormat.isEmpty()
                        ? ResultSink.NONE
                        : ResultSink.open(Objects.requireNonNull(resultsFile), resultFormat.get(), runId)) {
            report.started(runId, described(rows));
            Dispatching dispatching = new Dispatching(client, runId, rows, TraceContext.in(System.getenv()));
            if (detach) {
                dispatching.runHere();
                report.note(String.format(Locale.ROOT, "%,d rows are dispatched. ", dispatching.dispatched())
                        + "Wait for them by: " + again(runId));
                return 0;
            }
            return followed(client, runId, dispatching, rows, new Reporting(report, results));
        }
    }

    private record Reporting(RunReport report, ResultSink results) {}

    private int followed(StepstileClient client, String runId, Dispatching dispatching, Rows rows, Reporting reporting)
            throws InterruptedException {
        RunReport report = reporting.report();
        boolean someoneToAsk = !json && !file.equals(STDIN) && Terminal.interactive();
        Interrupts interrupts =
                new Interrupts(report, someoneToAsk, () -> detached(runId, dispatching, reporting)).listen();
        Following following =
                new Following(client, runId, dispatching.start(), rows.keys(), reporting.results(), report);
        Standing end = following.toTheEnd(interrupts);
        try {
            reporting.results().complete();
        } catch (IOException e) {
            throw new ResultsFileException("The results cannot be written: " + e.getMessage()
                    + ". The same command with --run " + runId + " writes them.");
        }
        report.ended(end, following.unsuccessful(), resultsFile == null ? "" : "Results: " + resultsFile);
        return following.cancelled() ? ExitStatus.INTERRUPTED : end.allSucceeded() ? 0 : ExitStatus.NOT_ALL_SUCCEEDED;
    }

    /** Ends this process; steps that were dispatched go on, and the file of results has whole lines. */
    private void detached(String runId, Dispatching dispatching, Reporting reporting) {
        try {
            reporting.results().close();
        } catch (IOException e) {
            errors.say("The results cannot be written: " + e.getMessage());
        }
        reporting
                .report()
                .note(String.format(
                                Locale.ROOT,
                                "Detached. %,d rows are dispatched; their steps go on. ",
                                dispatching.dispatched())
                        + "Go on with the run by: " + again(runId));
        Runtime.getRuntime().halt(ExitStatus.INTERRUPTED);
    }

    /** The command that goes on with the run. */
    private String again(String runId) {
        List<String> given =
                Objects.requireNonNull(spec).commandLine().getParseResult().originalArgs();
        return Launcher.ofThisProcess().command() + " "
                + given.stream()
                        .filter(word -> !word.equals("--detach"))
                        .map(ShellWord::of)
                        .collect(Collectors.joining(" "))
                + (run == null ? " --run " + runId : "");
    }

    private String described(Rows rows) {
        String from = file.equals(STDIN) ? "the standard input" : file;
        int count = rows.keys().all().size();
        return (count == 0 ? "Rows of " : String.format(Locale.ROOT, "%,d %s of ", count, count == 1 ? "row" : "rows"))
                + from + (handler == null ? "" : " for handler " + handler) + ", at " + api.uri();
    }

    private static Rows rows(RowSource source, RowOptions options) throws IOException {
        return switch (source) {
            case RowSource.OfFile file -> Rows.checked(file, options);
            case RowSource.OfStream stream -> Rows.streamed(stream, options);
        };
    }

    private RowFormat rowFormat() {
        return Optional.ofNullable(format)
                .or(() -> RowFormat.of(file))
                .orElseThrow(() -> wrong("The format of " + (file.equals(STDIN) ? "the standard input" : file)
                        + " is not known: name it by --format JSON, JSONL or CSV."));
    }

    private ResultFormat resultFormat(Path path) {
        return ResultFormat.of(path.toString())
                .orElseThrow(() -> wrong("--results must be a file that ends in .jsonl, .csv or .parquet."));
    }

    private RowOptions options() {
        ObjectNode settings = Json.object();
        ObjectNode defaults = Json.object();
        if (tenant != null) {
            settings.put("tenant", tenant);
        }
        if (handler != null) {
            defaults.put("handler", handler);
        }
        if (maxAttempts != null) {
            defaults.put("maxAttempts", maxAttempts);
        }
        if (timeout != null) {
            defaults.put("timeoutSeconds", timeout);
        }
        if (!tags.isEmpty()) {
            ObjectNode object = defaults.putObject("tags");
            tags.forEach(object::put);
        }
        if (!defaults.isEmpty()) {
            settings.set("defaults", defaults);
        }
        try {
            return new RowOptions(kind, key, ColumnTypes.of(types), settings);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }

    /** The input; JSON from the standard input is in a temporary file, because it can be checked only as a whole. */
    private record Spooled(RowSource source, @Nullable Path temporary) implements AutoCloseable {
        static Spooled of(String file, RowFormat format) throws IOException {
            if (!file.equals(STDIN)) {
                return new Spooled(new RowSource.OfFile(Path.of(file), format), null);
            }
            if (format != RowFormat.JSON) {
                return new Spooled(new RowSource.OfStream(System.in, format), null);
            }
            Path temporary = Files.createTempFile("stepstile-run-", ".json");
            Files.copy(System.in, temporary, StandardCopyOption.REPLACE_EXISTING);
            return new Spooled(new RowSource.OfFile(temporary, format), temporary);
        }

        @Override
        public void close() throws IOException {
            if (temporary != null) {
                Files.deleteIfExists(temporary);
            }
        }
    }
}
