package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which dead letters a command is about. */
final class LetterSelection {
    @Option(names = "--run", paramLabel = "RUN", description = "Of this run.")
    private @Nullable String run;

    @Option(names = "--key", paramLabel = "KEY", description = "Of this step of --run. May be repeated.")
    private List<String> keys = List.of();

    @Option(names = "--handler", paramLabel = "NAME", description = "Of this handler.")
    private @Nullable String handler;

    @Option(names = "--kind", paramLabel = "KIND", description = "With an error of this kind, such as WORKER_LOST.")
    private @Nullable String kind;

    @Option(names = "--all", description = "Every one.")
    private boolean all;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    void into(ObjectNode body) {
        put(body, "runId", run);
        put(body, "handler", handler);
        put(body, "kind", kind);
        keys.forEach(key -> body.withArrayProperty("keys").add(key));
        if (all) {
            body.put("all", true);
        }
    }

    /** @throws ParameterException if nothing is selected: it never means everything */
    void refuseNothing(boolean another) {
        boolean some = run != null || handler != null || kind != null || !keys.isEmpty();
        if (!some && !all && !another) {
            throw wrong("Say which dead letters: --run, --handler or --kind, or --all.");
        }
        if (some && all) {
            throw wrong("--all is every dead letter: leave it out, or the other selections.");
        }
        if (!keys.isEmpty() && run == null) {
            throw wrong("--key names a step of a run: give --run, too.");
        }
    }

    private static void put(ObjectNode body, String name, @Nullable String value) {
        if (value != null) {
            body.put(name, value);
        }
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(command).commandLine(), why);
    }
}
