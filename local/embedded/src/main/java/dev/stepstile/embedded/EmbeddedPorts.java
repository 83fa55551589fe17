package dev.stepstile.embedded;

import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.PortException;
import dev.stepstile.port.Ports;
import dev.stepstile.runtime.ProcessLock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** All ports of an embedded stack: in one folder that one stack at a time may use, or in memory. */
public final class EmbeddedPorts implements AutoCloseable {
    private static final int STEPS = 0;
    private static final int DEAD = 1;

    private final @Nullable ProcessLock lock;
    private final EmbeddedDatabase database;
    private final Ports ports;

    private EmbeddedPorts(Duration visibility, InstantSource clock) {
        lock = null;
        database = EmbeddedDatabase.inMemory();
        PayloadStore payloads = new EmbeddedPayloadItems(database);
        ports = ports(database, visibility, clock, payloads);
    }

    private EmbeddedPorts(Path folder, Duration visibility, boolean fsync, InstantSource clock) throws IOException {
        OwnerOnlyFiles.folder(folder);
        ProcessLock free = ProcessLock.tryTake(folder.resolve("lock"));
        if (free == null) {
            throw new PortException("another Stepstile is using " + folder + "; stop it, or choose another folder");
        }
        lock = free;
        Path databaseFile = folder.resolve("stepstile.db");
        OwnerOnlyFiles.file(databaseFile); // SQLite gives its log and its index the rights of the database
        database = new EmbeddedDatabase(databaseFile, fsync);
        ports = ports(database, visibility, clock, new DirectoryPayloadStore(folder.resolve("payloads"), fsync));
    }

    private static Ports ports(
            EmbeddedDatabase database, Duration visibility, InstantSource clock, PayloadStore objects) {
        return new Ports(
                new EmbeddedStepStore(database),
                new EmbeddedWorkerStore(database),
                new EmbeddedPauseStore(database),
                new EmbeddedQueue(database, STEPS, visibility, clock),
                new EmbeddedDeadLetterQueue(new EmbeddedQueue(database, DEAD, visibility, clock)),
                new EmbeddedPayloadItems(database),
                objects);
    }

    /**
     * Opens ports that keep everything in memory, for tests of handlers: the same statements, and no file. What is in them is
     * lost when they are closed.
     *
     * @param visibility the queue's visibility timeout
     */
    public static EmbeddedPorts inMemory(Duration visibility, InstantSource clock) {
        return new EmbeddedPorts(visibility, clock);
    }

    /**
     * Opens what is in the folder, or begins it. What was answered survives a kill of the process.
     *
     * @param visibility the queue's visibility timeout
     */
    public static EmbeddedPorts open(Path folder, Duration visibility, InstantSource clock) {
        return open(folder, visibility, false, clock);
    }

    /** @param fsync whether it survives a power cut too, at the cost of a sync for each group of writes */
    public static EmbeddedPorts open(Path folder, Duration visibility, boolean fsync, InstantSource clock) {
        try {
            return new EmbeddedPorts(folder, visibility, fsync, clock);
        } catch (IOException e) {
            throw new PortException("the folder " + folder + " cannot be used: " + e, e);
        }
    }

    public Ports ports() {
        return ports;
    }

    EmbeddedDatabase database() {
        return database;
    }

    @Override
    public void close() {
        database.close();
        try {
            if (lock != null) {
                lock.close();
            }
        } catch (IOException e) {
            throw new PortException("the lock file does not close", e);
        }
    }
}
