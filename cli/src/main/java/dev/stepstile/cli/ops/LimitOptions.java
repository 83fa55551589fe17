package dev.stepstile.cli.ops;

import dev.stepstile.cli.ops.Calls.Page;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How much of a list is printed. */
final class LimitOptions {
    @Option(names = "--limit", paramLabel = "N", description = "At most so many. Default: ${DEFAULT-VALUE}.")
    private int limit = 100;

    @Option(names = "--all", description = "However many there are.")
    private boolean all;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    /** @param largest page that the call answers */
    Page page(int largest) {
        if (limit < 1) {
            throw new ParameterException(
                    Objects.requireNonNull(command).commandLine(), "--limit takes 1 or more; --all prints everything.");
        }
        return new Page(all ? 0 : limit, largest);
    }
}
