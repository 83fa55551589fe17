package dev.stepstile.local.isolated;

import dev.stepstile.usecase.SuspectLimit;
import dev.stepstile.usecase.SuspectLimiter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The turns of suspects, among worker processes of one machine: locks on bytes of a file. The system frees a lock when its
 * process ends, however it ends.
 */
public final class SuspectLocks implements SuspectLimit {
    private static final Logger LOG = LoggerFactory.getLogger(SuspectLocks.class);
    private static final String FILE = "STEPSTILE_LOCAL_SUSPECTS_FILE";
    private static final String TURNS = "STEPSTILE_LOCAL_SUSPECTS_TURNS";
    private static final String NAME = "suspects.lock";

    /** One for the whole process, which would lose its locks if it closed another one of the same file. */
    private final FileChannel file;

    private final int turns;
    private @Nullable FileLock held;

    /** @param file the same for all who share the turns; made if there is none */
    SuspectLocks(Path file, int turns) {
        this.turns = turns;
        try {
            this.file = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException("The turns of suspects cannot be kept in " + file, e);
        }
    }

    /** The environment variables by which the workers of a stack share the turns. */
    public static Map<String, String> variables(Path folder, int workers) {
        return Map.of(
                FILE,
                folder.resolve(NAME).toAbsolutePath().toString(),
                TURNS,
                Integer.toString(SuspectLimiter.share(workers)));
    }

    /** Those that this worker process's environment variables name. */
    static SuspectLocks ofThisWorker() {
        Map<String, String> variables = System.getenv();
        return new SuspectLocks(
                Path.of(variables.getOrDefault(FILE, NAME)), Integer.parseInt(variables.getOrDefault(TURNS, "1")));
    }

    /** A worker that has its turn takes no second one. */
    @Override
    public synchronized boolean take() {
        if (held != null) {
            return false;
        }
        try {
            for (int turn = 0; turn < turns && held == null; turn++) {
                held = file.tryLock(turn, 1, false);
            }
        } catch (IOException e) {
            LOG.warn("The lock for a suspect cannot be taken ({}); its message is delivered again.", e.toString());
        }
        return held != null;
    }

    @Override
    public synchronized void giveBack() {
        FileLock mine = held;
        held = null;
        try {
            if (mine != null) {
                mine.release();
            }
        } catch (IOException e) {
            LOG.warn(
                    "The lock of a suspect cannot be released ({}); it becomes free when this worker ends.",
                    e.toString());
        }
    }
}
