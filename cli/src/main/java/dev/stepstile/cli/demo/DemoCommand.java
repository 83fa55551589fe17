package dev.stepstile.cli.demo;

import dev.stepstile.cli.console.Progress;
import dev.stepstile.cli.console.Terminal;
import dev.stepstile.cli.stack.LogFile;
import dev.stepstile.cli.stack.Stacks;
import dev.stepstile.client.DeadLetter;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.local.StackOptions;
import dev.stepstile.stackfaults.Faults;
import dev.stepstile.stackfaults.FaultyStack;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./stepstile demo}: the flights example from end to end, on this machine. */
@Command(
        name = "demo",
        description = "Runs the flights example on a stack of its own, and checks the result: one step for each day of"
                + " 2013, then a report.",
        mixinStandardHelpOptions = true,
        subcommands = DagsterDemo.class)
public final class DemoCommand implements Callable<Integer> {
    private static final int PRINTED_DIFFERENCES = 20;

    @Option(
            names = "--aws",
            description = "Use the AWS adapters, against DynamoDB Local and ElasticMQ in processes of their own.")
    private boolean aws;

    @Option(
            names = "--isolated",
            description = "With --aws: run each function environment in a process of its own; a crash is a SIGKILL.")
    private boolean isolated;

    @Option(
            names = "--inject",
            paramLabel = "FAULTS",
            description = "Faults to inject, such as crash=0.05,duplicate=0.1,poison=2: the share of attempts whose"
                    + " worker is killed, the share of messages that arrive twice, and the number of steps that kill"
                    + " every worker. Optional: seed=N.")
    private @Nullable String inject;

    @Spec
    private @Nullable CommandSpec spec;

    private final PrintStream out = System.out;
    private final Terminal terminal = Terminal.standard();

    @Override
    public Integer call() throws InterruptedException {
        if (isolated && !aws) {
            throw wrong("--isolated needs --aws: function processes cannot share an embedded stack.");
        }
        Faults faults = faults();
        FlightDays days = FlightDays.of(faults);
        Path log = LogFile.in(Stacks.home());
        Path folder = Stacks.home().resolve("demo");
        StackOptions options =
                faults.any() ? Stacks.faulty(aws, isolated, folder) : Stacks.steady(aws, isolated, folder);
        terminal.say("Starting the " + stackName() + (faults.any() ? " with faults " + faults : "") + "; its log is "
                + log + " ...");
        Instant begun = Instant.now();
        try (FaultyStack stack = FaultyStack.start(options.withConsole(terminal::say), faults, days.poisonedKeys());
                StepstileClient client = StepstileClient.of(stack.stack().endpoint())) {
            out.printf(
                    Locale.ROOT,
                    "Ready after %.1f s at %s%n",
                    FlightsRun.secondsSince(begun),
                    stack.stack().endpoint());
            FlightsOutcome outcome = new FlightsRun(client, days)
                    .play(new Progress(out, "Days", days.all().size()));
            List<DeadLetter> deadLetters =
                    DeadLetters.await(client, days.poisoned().size());
            DemoSummary summary = new DemoSummary(out);
            summary.steps(outcome);
            if (faults.any()) {
                summary.faults(outcome, stack, deadLetters, isolated);
            }
            outcome.reportResult()
                    .ifPresent(report ->
                            summary.row("Report", ReportFiles.write(folder.resolve("report"), report.tree())));
            return checked(days, DemoCheck.differences(days, outcome, deadLetters));
        }
    }

    private String stackName() {
        return !aws
                ? "embedded stack"
                : "AWS stack (DynamoDB Local, ElasticMQ" + (isolated ? ", a process for each function" : "") + ")";
    }

    private int checked(FlightDays days, List<String> differences) {
        if (differences.isEmpty()) {
            int poisoned = days.poisoned().size();
            terminal.say("Check passed: the result equals that of an independent single pass over the same 336,776"
                    + " flights" + (poisoned == 0 ? "." : ", without the " + poisoned + " poisoned days."));
            return 0;
        }
        terminal.say("Check FAILED, " + differences.size() + " differences:");
        differences.stream().limit(PRINTED_DIFFERENCES).forEach(line -> terminal.say("  " + line));
        return 1;
    }

    private Faults faults() {
        try {
            return inject == null ? Faults.NONE : Faults.parse(inject);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }
}
