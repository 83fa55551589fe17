package dev.stepstile.process;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Finds programs as a shell would. */
final class ProgramFinder {
    private ProgramFinder() {}

    /** @return null if there is none */
    static @Nullable Path find(String program, Path directory) {
        if (program.contains("/")) {
            return runnable(directory.resolve(program));
        }
        for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
            Path found = runnable(directory.resolve(folder).resolve(program));
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** Why a program cannot be started, and what to do; null if it can. */
    static @Nullable String missing(String program, Path directory) {
        if (find(program, directory) != null) {
            return null;
        }
        Path file = directory.resolve(program);
        if (program.contains("/")) {
            return Files.isRegularFile(file)
                    ? "'" + program + "' in " + directory + " is not executable; run chmod +x on it"
                    : "there is no program '" + program + "' in " + directory
                            + "; put it there, or name another in 'command'";
        }
        return "there is no program '" + program + "' on the PATH; "
                + (Files.isRegularFile(file)
                        ? "for the file in " + directory + ", write './" + program + "' in 'command'"
                        : "install it, or name another in 'command'");
    }

    private static @Nullable Path runnable(Path file) {
        return Files.isRegularFile(file) && Files.isExecutable(file) ? file : null;
    }
}
