package dev.stepstile.cli;

import dev.stepstile.cli.bench.BenchCommand;
import dev.stepstile.cli.console.ErrorJson;
import dev.stepstile.cli.console.Launcher;
import dev.stepstile.cli.console.StepStates;
import dev.stepstile.cli.console.Terminal;
import dev.stepstile.cli.demo.DemoCommand;
import dev.stepstile.cli.init.InitCommand;
import dev.stepstile.cli.local.LocalCommand;
import dev.stepstile.cli.ops.AuditCommand;
import dev.stepstile.cli.ops.CancelCommand;
import dev.stepstile.cli.ops.CompletionCommand;
import dev.stepstile.cli.ops.DlqCommand;
import dev.stepstile.cli.ops.DoctorCommand;
import dev.stepstile.cli.ops.FailuresCommand;
import dev.stepstile.cli.ops.FeedCommand;
import dev.stepstile.cli.ops.LogsCommand;
import dev.stepstile.cli.ops.PauseCommand;
import dev.stepstile.cli.ops.RedriveCommand;
import dev.stepstile.cli.ops.ResumeCommand;
import dev.stepstile.cli.ops.RunningCommand;
import dev.stepstile.cli.ops.RunsCommand;
import dev.stepstile.cli.ops.StatusCommand;
import dev.stepstile.cli.ops.StepCommand;
import dev.stepstile.cli.ops.StepsCommand;
import dev.stepstile.cli.page.ConsoleCommand;
import dev.stepstile.cli.plan.PlanCommand;
import dev.stepstile.cli.run.ResultsCommand;
import dev.stepstile.cli.run.RunCommand;
import dev.stepstile.cli.simulate.SimulateCommand;
import dev.stepstile.client.StepStatus;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./stepstile}: the commands. */
@Command(
        name = "stepstile",
        description = "Runs an orchestrator's steps, each exactly once in effect.",
        footer = {
            "",
            "STEPSTILE_HOME is the folder of state, logs and reports. Default: .stepstile in the checkout; of an installed"
                    + " stepstile, or if that cannot be written, ~/.local/state/stepstile."
        },
        versionProvider = Main.Version.class,
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DemoCommand.class,
            LocalCommand.class,
            ConsoleCommand.class,
            InitCommand.class,
            RunCommand.class,
            ResultsCommand.class,
            RunsCommand.class,
            StatusCommand.class,
            StepsCommand.class,
            StepCommand.class,
            LogsCommand.class,
            FeedCommand.class,
            FailuresCommand.class,
            RunningCommand.class,
            AuditCommand.class,
            CancelCommand.class,
            RedriveCommand.class,
            PauseCommand.class,
            ResumeCommand.class,
            DlqCommand.class,
            DoctorCommand.class,
            CompletionCommand.class,
            BenchCommand.class,
            SimulateCommand.class,
            PlanCommand.class,
            Main.Verify.class,
            Main.Install.class,
            Main.Release.class
        })
public final class Main {
    /** Below it, picocli refuses to lay out help. */
    private static final int LEAST_HELP_WIDTH = 55;

    private Main() {}

    public static void main(String[] args) {
        System.exit(execute(args));
    }

    /** Runs a command and returns its exit code. */
    public static int execute(String... args) {
        Terminal errors = Terminal.ofErrors();
        CommandLine line = commandLine();
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            errors.say(message(e));
            return CommandLine.ExitCode.SOFTWARE;
        });
        line.setParameterExceptionHandler((e, given) -> {
            String why = WrongUsage.told(e, given);
            if (ErrorJson.isWanted(List.of(given))) {
                errors.verbatim(ErrorJson.of("usage", why, CommandLine.ExitCode.USAGE));
                return CommandLine.ExitCode.USAGE;
            }
            errors.say(why);
            CommandLine.UnmatchedArgumentException.printSuggestions(
                    e, command(e).getErr());
            errors.say("Options: " + calledAs(command(e)) + " --help");
            return CommandLine.ExitCode.USAGE;
        });
        try {
            return line.execute(args.length == 0 ? new String[] {"--help"} : args);
        } catch (Error e) { // picocli passes on exceptions only; this process ends in any case, and prints why
            errors.say(message(e));
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    /** All commands with their options, as they are parsed. */
    public static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExpandAtFiles(false); // a key may begin with an @
        line.registerConverter(StepStatus.class, StepStates::read);
        line.setUsageHelpWidth(Math.max(LEAST_HELP_WIDTH, Terminal.columns()));
        Map<String, CommandLine.IHelpSectionRenderer> sections = line.getHelpSectionMap();
        sections.replaceAll((name, section) -> help -> inTheUsersWords(section.render(help)));
        line.setHelpSectionMap(sections);
        return line;
    }

    /** Help is written for the launcher of a checkout. */
    private static String inTheUsersWords(String help) {
        return help.replace("./stepstile", Launcher.ofThisProcess().command());
    }

    private static String calledAs(CommandLine command) {
        return command.getCommandSpec()
                .qualifiedName()
                .replaceFirst("^stepstile", Launcher.ofThisProcess().command());
    }

    private static CommandLine command(CommandLine.ParameterException e) {
        return e.getCommandLine();
    }

    /** A sentence for people. The message of some file exceptions is only a path, so these are printed with their class. */
    static String message(Throwable e) {
        String message = e.getMessage();
        if (message == null || message.isBlank() || e instanceof FileSystemException) {
            return e.toString();
        }
        return e instanceof Error ? e.getClass().getSimpleName() + ": " + message : message;
    }

    /** As the build wrote it into the jar. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"stepstile " + (version == null ? "(not from a jar)" : version)};
        }
    }

    /** Listed in the help only: the launcher of a checkout runs a script of {@code build}, without a built command line. */
    abstract static class OfTheBuild implements Runnable {
        @Spec
        private @Nullable CommandSpec spec;

        @Override
        public void run() {
            CommandLine line = Objects.requireNonNull(spec).commandLine();
            String name = line.getCommandName();
            Launcher.ofThisProcess().checkout(name);
            throw new ParameterException(line, "Run ./stepstile " + name + ": the launcher of the checkout does this.");
        }
    }

    @Command(name = "verify", description = "In a checkout: runs all checks; with --full, the long-running ones too.")
    static final class Verify extends OfTheBuild {}

    @Command(
            name = "install",
            description = "In a checkout: puts the Java artifacts and their BOM into your local Maven repository.")
    static final class Install extends OfTheBuild {}

    @Command(name = "package", description = "In a checkout: builds all that a release has, into the folder dist.")
    static final class Release extends OfTheBuild {}
}
