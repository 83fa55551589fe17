package dev.stepstile.cli.console;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** What has started this command line: {@code ./stepstile} of a checkout, or the {@code stepstile} that pip has installed. */
public final class Launcher {
    private final Optional<Path> file;

    /** @param environment of the process, in which the launcher has named itself */
    public Launcher(Map<String, String> environment) {
        this.file = Optional.ofNullable(environment.get("STEPSTILE_LAUNCHER"))
                .filter(path -> !path.isEmpty())
                .map(path -> Path.of(path).toAbsolutePath().normalize());
    }

    public static Launcher ofThisProcess() {
        return new Launcher(System.getenv());
    }

    /** As a user calls it: {@code ./stepstile} or {@code stepstile}. */
    public String command() {
        return isInstalled() ? "stepstile" : "./stepstile";
    }

    /** Whether it is installed: there is no checkout around it. */
    public boolean isInstalled() {
        return file.isPresent() && !Files.isRegularFile(top(file.get()).resolve("pom.xml"));
    }

    /**
     * The checkout that the launcher is in.
     *
     * @param what needs it, as the beginning of a sentence
     * @throws IllegalStateException with a sentence for people, if there is none
     */
    public Path checkout(String what) {
        return file.filter(_ -> !isInstalled())
                .map(Launcher::top)
                .orElseThrow(() -> new IllegalStateException(what + " needs a checkout of Stepstile's repository, with"
                        + " JDK 25 and Maven: clone it, and call ./stepstile there."));
    }

    private static Path top(Path launcher) {
        return launcher.resolveSibling("");
    }
}
