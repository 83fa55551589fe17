package dev.stepstile.local.state;

import dev.stepstile.runtime.ProcessLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A stack's folder belongs to one stack at a time, whatever its kind. The operating system holds the lock for the process
 * and lets go of it when the process ends, by kill -9 too; the file names that process.
 */
public final class FolderLock implements AutoCloseable {
    private static final String NAME = "stack.lock";

    private final ProcessLock lock;

    private FolderLock(ProcessLock lock) {
        this.lock = lock;
    }

    /** @throws IllegalStateException with a sentence for people, if another stack has the folder or it cannot be written */
    public static FolderLock take(Path folder) {
        try {
            Files.createDirectories(folder);
            Path file = folder.resolve(NAME);
            ProcessLock lock = ProcessLock.tryTake(file);
            if (lock == null) {
                throw new IllegalStateException("The state folder " + folder + " is in use by another stack, process "
                        + owner(file) + "; stop that one, or choose another folder (--state).");
            }
            try {
                String pid = Long.toString(ProcessHandle.current().pid());
                lock.channel().truncate(0).write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)));
                return new FolderLock(lock);
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw new IllegalStateException("The state folder " + folder + " cannot be used: " + e, e);
        }
    }

    /** Of a stack in this very process the file must not be read: closing it would give up the lock. */
    private static String owner(Path file) throws IOException {
        return ProcessLock.isHeldHere(file)
                ? Long.toString(ProcessHandle.current().pid())
                : written(file);
    }

    private static String written(Path file) throws IOException {
        String pid = Files.readString(file, StandardCharsets.US_ASCII).strip();
        return pid.isEmpty() ? "(just starting)" : pid;
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
