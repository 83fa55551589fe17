package dev.stepstile.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A stack's folder belongs to one stack at a time, whatever its kind. The operating system holds the lock for the process
 * and lets go of it when the process ends, by kill -9 too; the file tells which process that is.
 */
final class FolderLock implements AutoCloseable {
    private static final String NAME = "stack.lock";
    private static final int LONGEST_PID = 20;

    private final FileChannel file;

    private FolderLock(FileChannel file) {
        this.file = file;
    }

    /** @throws IllegalStateException with a sentence for people, if another stack has the folder or it cannot be written */
    static FolderLock take(Path folder) {
        try {
            Files.createDirectories(folder);
            FileChannel file = FileChannel.open(
                    folder.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                if (!locked(file)) {
                    throw new IllegalStateException(
                            "The state folder " + folder + " is in use by another stack, process " + owner(file)
                                    + "; stop that one, or choose another folder (--state).");
                }
                file.truncate(0);
                file.write(ByteBuffer.wrap(
                        Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
                return new FolderLock(file);
            } catch (IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw new IllegalStateException("The state folder " + folder + " cannot be used: " + e, e);
        }
    }

    private static boolean locked(FileChannel file) throws IOException {
        try {
            return file.tryLock() != null;
        } catch (OverlappingFileLockException thisVeryProcess) {
            return false;
        }
    }

    private static String owner(FileChannel file) throws IOException {
        ByteBuffer pid = ByteBuffer.allocate(LONGEST_PID);
        file.read(pid, 0);
        String written = new String(pid.array(), 0, pid.position(), StandardCharsets.US_ASCII);
        return written.isEmpty() ? "(just starting)" : written;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
