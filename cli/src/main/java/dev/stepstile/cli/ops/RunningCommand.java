package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stepstile running}: what runs where. */
@Command(
        name = "running",
        description =
                "What runs now, and on which worker; progress and last line as of each worker's newest heartbeat, at most"
                        + " 5 s old.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile running",
            "  ./stepstile running nightly",
            "",
            "Exit status: docs/cli.md"
        })
public final class RunningCommand extends ListCommand {
    @Parameters(paramLabel = "RUN", arity = "0..1", description = "Of this run only.")
    private @Nullable String run;

    @Option(names = "--worker", paramLabel = "ID", description = "On this worker only.")
    private @Nullable String worker;

    @Override
    int ask(Calls calls) {
        if (run != null && worker != null) {
            throw wrong("A RUN and --worker are two questions: give one of them.");
        }
        Instant now = InstantSource.system().instant();
        List<Column> columns = new ArrayList<>();
        if (run == null) {
            columns.add(Column.key("run", "runId"));
        }
        columns.addAll(List.of(
                Column.key("key", "key"),
                Column.whole("attempt", "attempt"),
                Column.sentence("worker", Column.member("worker")),
                Column.told("for", step -> Text.ago(step.path("startedAt").asText(), now), Column.member("startedAt")),
                Column.told("done", RunningCommand::done, Column.member("progress")),
                Column.sentence("last line", RunningCommand::last)));
        return list(
                calls,
                new ListCall(
                        run == null ? "/v1/running" : path(run) + "/running",
                        worker == null ? Map.of("exact", "true") : Map.of("exact", "true", "worker", worker),
                        "steps",
                        LARGEST_PAGE),
                columns,
                Column.member("key"),
                "Nothing runs.");
    }

    private static String done(JsonNode step) {
        if (step.path("lost").asBoolean()) {
            return "lost";
        }
        JsonNode progress = step.path("progress");
        return progress.isNumber() ? String.format(Locale.ROOT, "%.0f %%", 100 * progress.asDouble()) : "";
    }

    private static String last(JsonNode step) {
        return step.path("progressNote").asText(step.path("lastLine").asText(""));
    }
}
