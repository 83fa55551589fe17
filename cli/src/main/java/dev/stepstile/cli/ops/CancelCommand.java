package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code stepstile cancel}: a run, or some of its steps. */
@Command(
        name = "cancel",
        description =
                "Cancels a run, which then takes no more steps; or only the steps that keys or filters select, and the"
                        + " run goes on. Shows what would happen, and asks. A cancelled step can be redriven.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile cancel nightly",
            "  ./stepstile cancel nightly --prefix eu/ --state QUEUED --yes",
            "",
            "Exit status: 0, or 1 if the answer to the question was no. Others:",
            "docs/cli.md"
        })
public final class CancelCommand extends ChangeCommand {
    @Parameters(index = "0", paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Parameters(index = "1..*", paramLabel = "KEY", arity = "0..*", description = "Of these steps only.")
    private List<String> keys = List.of();

    @Mixin
    private Selection selection = new Selection();

    @Override
    int ask(Calls calls) {
        ObjectNode body = JSON.createObjectNode();
        keys.forEach(key -> body.withArrayProperty("keys").add(key));
        selection.into(body);
        return change(
                calls,
                new Change(
                        path(run) + "/cancel",
                        body,
                        "step",
                        "cancelled",
                        List.of("cancelledCount", "stoppingCount"),
                        body.isEmpty())); // the run takes no more steps
    }
}
