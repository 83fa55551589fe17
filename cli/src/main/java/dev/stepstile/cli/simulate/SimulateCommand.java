package dev.stepstile.cli.simulate;

import dev.stepstile.cli.console.Launcher;
import dev.stepstile.simulation.Outcome;
import dev.stepstile.simulation.SimulationConfig;
import dev.stepstile.simulation.Timeline;
import dev.stepstile.simulation.exploration.Replay;
import dev.stepstile.simulation.exploration.Shrink;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.scenarios.Scenarios;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./stepstile simulate}: the use cases on virtual time, with faults, under an auditor. */
@Command(
        name = "simulate",
        description = {
            "Runs the protocol on virtual time, injects faults into port calls, and audits every effect.",
            "Exit code 1 means that a guarantee was violated; the finding is printed as a command that replays it."
        },
        mixinStandardHelpOptions = true)
public final class SimulateCommand implements Callable<Integer> {
    @Option(
            names = "--scenario",
            paramLabel = "NAME",
            description = "Name of a scenario, see below. Default: steady; with --exhaustive, all small ones.")
    private @Nullable String scenario;

    @Option(names = "--steps", paramLabel = "N", description = "Number of steps of a load. Default: 10000.")
    private @Nullable Integer steps;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(
            names = "--faults",
            paramLabel = "FAULTS",
            description = "Random faults: none, light, rough, or shares of all port calls, such as"
                    + " crash=0.001,fail=0.01,lost=0.01,duplicate=0.01,pause=0.001. Default: ${DEFAULT-VALUE}.")
    private String faults = "none";

    @Option(
            names = "--at",
            paramLabel = "FAULTS",
            description = "Faults at given calls, such as crash-after@9,pause:200000ms@'store.write r/a'#2.")
    private String at = "";

    @Option(
            names = "--replay",
            paramLabel = "RUN",
            description = "Replay a run, as printed with a finding, and print its trace.")
    private @Nullable String replay;

    @Option(names = "--trace", description = "Print each call: time, actor, call, result.")
    private boolean trace;

    @Option(
            names = "--shrink",
            description = "After a violation, find the smallest list of faults that still causes it.")
    private boolean shrink;

    @Option(names = "--exhaustive", description = "Try every fault at every call of the small scenarios.")
    private boolean exhaustive;

    @Option(
            names = "--csv",
            paramLabel = "FILE",
            description = "Write how many steps and messages were in which state over time, as CSV.")
    private @Nullable Path csv;

    private @Nullable CommandSpec spec;

    private final PrintStream out = System.out;

    /** The scenarios are listed below the options. */
    @Spec
    void describe(CommandSpec own) {
        spec = own;
        List<String> lines = new ArrayList<>(List.of("", "Loads:"));
        Scenarios.LOADS.forEach(each -> lines.add(listed(each)));
        lines.add(listed(Scenarios.BUSY));
        lines.add(listed(Scenarios.FULL_DISK));
        lines.add("Small scenarios, in which a fault can be injected into every call:");
        Scenarios.SMALL.forEach(each -> lines.add(listed(each)));
        own.usageMessage().footer(lines.toArray(String[]::new));
    }

    private static String listed(Scenarios.Named scenario) {
        return String.format("  %-15s %s", scenario.name(), scenario.what()).replace("%", "%%");
    }

    @Override
    public Integer call() throws IOException {
        try {
            if (exhaustive) {
                List<Scenarios.Named> which = scenario == null ? Scenarios.SMALL : List.of(Scenarios.named(scenario));
                return new ExhaustiveRun(out, which, seed).play() ? 0 : 1;
            }
            return play(requested()) ? 0 : 1;
        } catch (IllegalArgumentException e) {
            throw spec == null ? e : new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private Replay requested() {
        String text = replay;
        if (text != null) {
            return Replay.parse(text);
        }
        Scenarios.Named named = Scenarios.named(scenario == null ? "steady" : scenario);
        Integer number = steps;
        return Replay.of(named, number == null ? named.steps() : number, seed, FaultProfile.parse(faults))
                .and(Faults.parse(at));
    }

    /** Whether every guarantee held. */
    private boolean play(Replay run) throws IOException {
        boolean traced = trace || replay != null;
        SimulatedRun simulated = new SimulatedRun(out, run);
        Outcome outcome = simulated.play(traced);
        if (traced) {
            outcome.record().trace().forEach(out::println);
        }
        simulated.summarise(outcome);
        Path file = csv;
        if (file != null) {
            Files.writeString(file, Timeline.csv(outcome.record().samples()));
            out.println("  csv                " + file);
        }
        boolean held = outcome.violations().isEmpty();
        if (!held && shrink) {
            shrink(run);
        }
        return held;
    }

    private void shrink(Replay found) {
        UnaryOperator<SimulationConfig> asItIs = UnaryOperator.identity();
        Shrink smaller =
                new Shrink(found, asItIs, played -> !played.violations().isEmpty());
        Replay smallest = smaller.smallest();
        out.printf(
                "%nShrunk in %d runs to:%n  %s%n",
                smaller.plays(), smallest.command(Launcher.ofThisProcess().command()));
    }
}
