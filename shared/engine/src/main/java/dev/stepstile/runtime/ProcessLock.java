package dev.stepstile.runtime;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The lock of a file, held by this process until it is closed or the process ends, by kill -9 too.
 *
 * <p>A lock of POSIX belongs to the process and is lost when the process closes <em>any</em> channel of the file (fcntl(2)).
 * So this class opens no file whose lock it holds, and keeps each held lock reachable: the collector closes a channel that
 * nobody refers to.
 */
public final class ProcessLock implements AutoCloseable {
    private static final Map<Object, ProcessLock> HELD = new HashMap<>();

    private final Object key;
    private final FileChannel channel;

    private ProcessLock(Object key, FileChannel channel) {
        this.key = key;
        this.channel = channel;
    }

    /**
     * @param file made if there is none; it may be moved while its lock is held
     * @return null if the lock is held, by this process or by another
     */
    public static @Nullable ProcessLock tryTake(Path file) throws IOException {
        synchronized (HELD) {
            if (isHeldHere(file)) {
                return null;
            }
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                if (channel.tryLock() != null) {
                    ProcessLock lock = new ProcessLock(key(file), channel);
                    HELD.put(lock.key, lock);
                    return lock;
                }
            } catch (OverlappingFileLockException heldPastThisClass) {
                // another lock of the same file that this process took by itself
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            channel.close();
            return null;
        }
    }

    /** Whether this process holds the file's lock; it must not open the file then, but by {@link #channel}. */
    public static boolean isHeldHere(Path file) throws IOException {
        synchronized (HELD) {
            return Files.exists(file) && HELD.containsKey(key(file));
        }
    }

    /** The file's identity, which stays when it is moved. */
    private static Object key(Path file) throws IOException {
        Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        return key == null ? file.toRealPath() : key;
    }

    /** The locked file, open for reading and writing. */
    public FileChannel channel() {
        return channel;
    }

    @Override
    public void close() throws IOException {
        synchronized (HELD) {
            HELD.remove(key);
            channel.close();
        }
    }
}
