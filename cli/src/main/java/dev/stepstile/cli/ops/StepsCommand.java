package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code stepstile steps}: the steps of a run, by any filter. */
@Command(
        name = "steps",
        description = "The steps of a run, in the order in which they were dispatched.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile steps nightly --state DEAD,FAILED",
            "  ./stepstile steps nightly --state QUEUED --output name",
            "",
            "Exit status: docs/cli.md"
        })
public final class StepsCommand extends ListCommand {
    @Parameters(paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Mixin
    private Selection selection = new Selection();

    @Override
    int ask(Calls calls) {
        Instant now = InstantSource.system().instant();
        return list(
                calls,
                new ListCall(path(run) + "/steps", selection.query(), "steps", LARGEST_PAGE),
                List.of(
                        Column.key("key", "key"),
                        Column.told("state", StepsCommand::state, Column.member("state")),
                        Column.whole("attempt", "attempt"),
                        Column.sentence("handler", Column.member("handler")),
                        Column.told("since", step -> Text.distance(since(step), now), StepsCommand::since),
                        Column.told("took", StepsCommand::took, Column.member("durationSeconds")),
                        Column.sentence("error", StepsCommand::error)),
                Column.member("key"),
                selection.isEmpty() ? "The run has no steps." : "No step of the run is such a one.");
    }

    private static String state(JsonNode step) {
        return step.path("state").asText() + (step.path("paused").asBoolean() ? ", paused" : "");
    }

    /** When it ended, or since when it runs or waits. */
    private static String since(JsonNode step) {
        return step.path("finishedAt")
                .asText(step.path("queuedSince").asText(step.path("startedAt").asText("")));
    }

    private static String took(JsonNode step) {
        JsonNode seconds = step.path("durationSeconds");
        return seconds.isNumber() ? Text.duration(seconds.asDouble()) : "";
    }

    static String error(JsonNode step) {
        if (step.has("damage")) {
            return step.path("damage").asText();
        }
        JsonNode error = step.path("error");
        return error.isMissingNode()
                ? ""
                : error.path("kind").asText() + ": " + error.path("message").asText();
    }
}
