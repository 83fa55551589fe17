package dev.stepstile.cli.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The log of this process. It must be set before anything is logged, because the logging system reads it once. */
public final class LogFile {
    private static final String PROPERTY = "stepstile.log";

    private LogFile() {}

    /**
     * Sets the log to {@code stepstile.log} in this folder.
     *
     * @return the log
     * @throws IllegalStateException with a sentence for people if nothing can be written there
     */
    public static Path in(Path folder) {
        Path log = folder.resolve("stepstile.log").toAbsolutePath().normalize();
        try {
            Files.createDirectories(log.getParent());
        } catch (IOException e) {
            throw unusable(folder);
        }
        if (!Files.isWritable(log.getParent()) || (Files.exists(log) && !Files.isWritable(log))) {
            throw unusable(folder);
        }
        System.setProperty(PROPERTY, log.toString());
        return log;
    }

    private static IllegalStateException unusable(Path folder) {
        return new IllegalStateException("The folder " + folder.toAbsolutePath()
                + " is not writable by this user; choose another one with --state or STEPSTILE_HOME.");
    }
}
