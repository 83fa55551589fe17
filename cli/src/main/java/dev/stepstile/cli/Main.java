package dev.stepstile.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code ./stepstile}: the commands. */
@Command(
        name = "stepstile",
        description = "Runs an orchestrator's steps, each exactly once in effect.",
        footer = {
            "",
            "--classpath JARS, with any command: your own handlers (separated by colons).",
            "STEPSTILE_HOME: where state, logs and reports are kept; .stepstile in the checkout otherwise."
        },
        versionProvider = Main.Version.class,
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DemoCommand.class,
            LocalCommand.class,
            BenchCommand.class,
            SimulateCommand.class,
            Main.Verify.class
        })
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(execute(args));
    }

    /** Runs a command; its exit code. */
    static int execute(String... args) {
        CommandLine line = new CommandLine(new Main());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((e, command, parsed) -> {
            command.getErr().println(command.getColorScheme().errorText(said(e)));
            return 1;
        });
        return line.execute(args.length == 0 ? new String[] {"--help"} : args);
    }

    private static String said(Throwable e) {
        String message = e.getMessage();
        return message == null || message.isBlank() ? e.toString() : message;
    }

    /** As the build wrote it into the jar. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"stepstile " + (version == null ? "(not from a jar)" : version)};
        }
    }

    /** Listed here, done by the launcher, since it needs no built command line. */
    @Command(name = "verify", description = "Runs all checks (--full: the longer forms too). The launcher does this.")
    static final class Verify implements Runnable {
        @Override
        public void run() {
            throw new IllegalStateException("Say ./stepstile verify: the launcher runs the checks.");
        }
    }
}
