package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stepstile redrive}: runs ended steps again. */
@Command(
        name = "redrive",
        description =
                "Runs steps that have not succeeded again, with a fresh budget of attempts: all that are FAILED or"
                        + " DEAD, or those that keys or filters select. Shows what would happen, and asks.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile redrive nightly",
            "  ./stepstile redrive nightly --kind TIMEOUT --set timeoutSeconds=600",
            "  ./stepstile redrive nightly load-eu --yes",
            "",
            "Exit status: 0, or 1 if the answer to the question was no. Others:",
            "docs/cli.md"
        })
public final class RedriveCommand extends ChangeCommand {
    @Parameters(index = "0", paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Parameters(index = "1..*", paramLabel = "KEY", arity = "0..*", description = "Of these steps only.")
    private List<String> keys = List.of();

    @Mixin
    private Selection selection = new Selection();

    @Mixin
    private Overrides overrides = new Overrides();

    @Option(
            names = "--redrive-id",
            paramLabel = "ID",
            description = "Names the redrive: the same command again with it does nothing more. Default: a new one.")
    private @Nullable String redriveId;

    @Override
    int ask(Calls calls) {
        ObjectNode body = JSON.createObjectNode();
        keys.forEach(key -> body.withArrayProperty("keys").add(key));
        selection.into(body);
        overrides.into(body);
        body.put("redriveId", Objects.requireNonNullElseGet(redriveId, () -> "cli-" + UUID.randomUUID()));
        return change(calls, new Change(path(run) + "/redrive", body, "step", "redriven", List.of("redrivenCount")));
    }
}
