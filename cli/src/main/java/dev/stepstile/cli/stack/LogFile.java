package dev.stepstile.cli.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the log is written. To be decided before anything is logged: the logging system reads it once. */
public final class LogFile {
    private static final String PROPERTY = "stepstile.log";

    private LogFile() {}

    /**
     * The log is {@code stepstile.log} in this folder.
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
        return new IllegalStateException("Nothing can be written to the folder " + folder.toAbsolutePath()
                + " by this user; choose another one by --state or STEPSTILE_HOME.");
    }
}
