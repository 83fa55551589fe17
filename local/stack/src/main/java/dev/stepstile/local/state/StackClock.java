package dev.stepstile.local.state;

import dev.stepstile.runtime.SteadyClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stack's clock, which goes on where the stack's last one stopped: it never shows a time before one that is written in the
 * stack's state, as what is due then would wait until the system clock, if it was set back, has come there again.
 */
public final class StackClock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StackClock.class);
    private static final Duration WORTH_TELLING = Duration.ofMinutes(1);

    private final Path folder;
    private final Path file;
    private final SteadyClock clock;

    /** @param folder of the state */
    public StackClock(Path folder, InstantSource system) {
        this.folder = folder;
        this.file = folder.resolve("clock");
        Instant shown = read(file);
        clock = SteadyClock.over(system, shown);
        if (Duration.between(system.instant(), shown).compareTo(WORTH_TELLING) > 0) {
            LOG.warn(
                    "The system clock was set back: the clock of this stack was already at {}. It continues from there, and shows times"
                            + " that are ahead until the system clock has caught up.",
                    shown);
        }
    }

    public SteadyClock steady() {
        return clock;
    }

    private static Instant read(Path file) {
        try {
            return Instant.parse(Files.readString(file).strip());
        } catch (NoSuchFileException first) {
            return Instant.EPOCH;
        } catch (IOException | RuntimeException e) {
            LOG.warn("{} cannot be read ({}); the stack begins at the system clock's time.", file, e.toString());
            return Instant.EPOCH;
        }
    }

    /** Stores the time that it shows. */
    public void mark() {
        try {
            Files.createDirectories(folder);
            Path next = folder.resolve("clock.next");
            Files.writeString(next, clock.instant().toString());
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("{} cannot be written ({}); the next sweep tries again.", file, e.toString());
        }
    }

    @Override
    public void close() {
        mark();
    }
}
