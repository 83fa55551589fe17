package dev.stepstile.cli.bench;

import dev.stepstile.bench.CoreBenchmark;
import dev.stepstile.bench.functions.FunctionsBenchmark;
import dev.stepstile.cli.console.Launcher;
import dev.stepstile.cli.stack.LogFile;
import dev.stepstile.cli.stack.Stacks;
import dev.stepstile.step.Limits;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench functions}. */
@Command(
        name = "functions",
        description = "Measures how the built functions start under AWS's Runtime Interface Emulator, beside a bare"
                + " handler; and a first dispatch with the processor that a memory size gives (as root).",
        mixinStandardHelpOptions = true)
final class FunctionsCommand implements Callable<Integer> {
    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Number of starts of each kind; 0 for none. Default: ${DEFAULT-VALUE}.")
    private int rounds = 7;

    @Option(
            names = "--memory",
            paramLabel = "MB",
            split = ",",
            description = "Also measures a first dispatch with the processor of this much memory.")
    private List<Integer> memory = List.of();

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Number of steps in that dispatch. Default: ${DEFAULT-VALUE}.")
    private int steps = Limits.STEPS_PER_DISPATCH;

    @Option(
            names = "--java-options",
            paramLabel = "OPTIONS",
            description = "Options of the JVM to try, beside those that the template sets.")
    private String javaOptions = "";

    @Option(
            names = "--before",
            paramLabel = "FOLDER",
            description = "Another build (.aws-sam/build of another checkout), measured in the same rounds.")
    private @Nullable Path before;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (rounds < 0 || steps < 1 || steps > Limits.STEPS_PER_DISPATCH) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(),
                    "--rounds must be 0 or more, and --steps 1 to " + Limits.STEPS_PER_DISPATCH + ".");
        }
        Path checkout = Launcher.ofThisProcess().checkout("bench functions");
        LogFile.in(Stacks.home());
        PrintStream out = System.out;
        out.println("Machine    " + CoreBenchmark.machine());
        try (FunctionsBenchmark benchmark =
                new FunctionsBenchmark(out, checkout, Stacks.home().resolve("bench-functions"), javaOptions, before)) {
            if (rounds > 0) {
                benchmark.starts(rounds);
            }
            for (int megabytes : memory) {
                benchmark.dispatch(steps, megabytes, false);
                benchmark.dispatch(steps, megabytes, true);
            }
        }
        return 0;
    }
}
