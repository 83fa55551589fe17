package dev.stepstile.cli.init;

import dev.stepstile.cli.console.Launcher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ./stepstile init}: writes a small project. */
@Command(
        name = "init",
        description =
                "Writes a small project with a handler and its test: it builds, passes its test and runs as it is.",
        mixinStandardHelpOptions = true,
        footer = {"", "Example:", "  ./stepstile init python words"})
public final class InitCommand implements Callable<Integer> {
    private static final int MOST_NAME_CHARACTERS = 40;

    /** What the projects need, by which name pip and Python would take the project for it. */
    private static final Set<String> TAKEN = Set.of(
            "dagster",
            "dagster-pipes",
            "dagster-stepstile",
            "dagster-webserver",
            "pytest",
            "stepstile",
            "stepstile-host");

    @Parameters(index = "0", paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}.")
    private Starter kind = Starter.JAVA;

    @Parameters(index = "1", paramLabel = "DIR", description = "A new or empty folder; its name is the project's.")
    private Path folder = Path.of("");

    @Spec
    private @Nullable CommandSpec spec;

    private final Launcher launcher;
    private final @Nullable String version;

    /** Of this process, with the version that the build wrote into its jar. */
    public InitCommand() {
        this(Launcher.ofThisProcess(), InitCommand.class.getPackage().getImplementationVersion());
    }

    /** @param version of what the projects need; null if this is not the built command line */
    InitCommand(Launcher launcher, @Nullable String version) {
        this.launcher = launcher;
        this.version = version;
    }

    @Override
    public Integer call() throws IOException {
        Path target = folder.toAbsolutePath().normalize();
        refuseUnlessEmpty(target);
        String name = name(target);
        String stepstile = stepstile();
        kind.write(target, Map.of("@name@", name, "@version@", version(), "@stepstile@", stepstile));
        var out = Objects.requireNonNull(spec).commandLine().getOut();
        out.printf("Made %s, a project with one handler and its test. Next:%n%n", folder);
        out.printf("  cd %s%n", folder);
        kind.nextCommands(name, stepstile).forEach(command -> out.printf("  %s%n", command));
        out.printf("%nMore is in %s.%n", folder.resolve("README.md"));
        if (kind == Starter.JAVA) {
            out.printf("The artifacts: './stepstile install' in a checkout of Stepstile.%n");
        } else if (kind != Starter.SHELL) {
            out.printf("WHEELS is the folder with the release's *.whl: './stepstile package'.%n");
        }
        out.flush();
        return 0;
    }

    private void refuseUnlessEmpty(Path target) throws IOException {
        if (Files.isDirectory(target)) {
            try (Stream<Path> content = Files.list(target)) {
                if (content.findAny().isPresent()) {
                    throw wrong(folder + " is not empty, and nothing is overwritten: name a new folder.");
                }
            }
        } else if (Files.exists(target)) {
            throw wrong(folder + " is a file: name a new folder.");
        }
    }

    /** For Maven, pip, Docker and CloudFormation alike. */
    private String name(Path target) {
        String last = Objects.toString(target.getFileName(), "").toLowerCase(Locale.ROOT);
        String name = last.replaceAll("[^a-z0-9]+", "-").replaceAll("^[-0-9]+|-+$", "");
        if (name.isEmpty() || name.length() > MOST_NAME_CHARACTERS) {
            throw wrong("'" + last + "' makes no name of a project, which has 1 to " + MOST_NAME_CHARACTERS
                    + " characters of a-z, 0-9 and '-' and begins with a letter: name the folder so.");
        }
        if (TAKEN.contains(name)) {
            throw wrong("'" + name + "' is the name of a package that projects need: name the folder otherwise.");
        }
        return name;
    }

    /** In the new project's documentation: from there, the launcher of a checkout is called by its path. */
    private String stepstile() {
        return launcher.isInstalled()
                ? launcher.command()
                : launcher.checkout("init").resolve("stepstile").toString();
    }

    private String version() {
        if (version == null) {
            throw new IllegalStateException(
                    "This is not the built command line: call init by ./stepstile or stepstile.");
        }
        return version;
    }

    private ParameterException wrong(String message) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
    }
}
