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

    private static @Nullable Path runnable(Path file) {
        return Files.isRegularFile(file) && Files.isExecutable(file) ? file : null;
    }
}
