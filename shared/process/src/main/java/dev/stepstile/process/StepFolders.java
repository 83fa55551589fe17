package dev.stepstile.process;

import dev.stepstile.runtime.ProcessLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's folder in which each attempt of a process handler has its own while it runs, with the step's input. The
 * lock of a file in it is the worker's for as long as it lives: a folder whose lock is free is left over from one that
 * was killed, and is deleted by the next one that starts.
 */
final class StepFolders implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StepFolders.class);
    private static final String NAME = "stepstile-steps-";
    private static final String LOCK = "lock";
    private static final String ATTEMPT = "attempt-";

    private final Path folder;
    private ProcessLock lock;

    private StepFolders(Path folder) throws IOException {
        this.folder = folder;
        this.lock = locked(folder);
    }

    static StepFolders create() {
        try {
            return new StepFolders(Files.createTempDirectory(NAME));
        } catch (IOException e) {
            throw new UncheckedIOException("Process handlers need room in the folder for temporary files", e);
        }
    }

    private static ProcessLock locked(Path folder) throws IOException {
        Path unnamed = folder.resolve("lock.new");
        ProcessLock lock = ProcessLock.tryTake(unnamed);
        if (lock == null) {
            throw new IOException(unnamed + " is locked by another process");
        }
        Files.move(unnamed, folder.resolve(LOCK)); // no one sees it without its being held
        return lock;
    }

    Path folder() {
        return folder;
    }

    /**
     * A folder for an attempt. If the worker's folder was deleted meanwhile, as old temporary files are, it is made
     * again.
     */
    Path attempt() throws IOException {
        try {
            return Files.createTempDirectory(folder, ATTEMPT);
        } catch (NoSuchFileException deleted) {
            return attemptAnew();
        }
    }

    private synchronized Path attemptAnew() throws IOException {
        if (!Files.exists(folder)) {
            LOG.warn("Folder {} was deleted while its worker runs; it is made again.", folder);
            lock.close();
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            lock = locked(folder);
        }
        return Files.createTempDirectory(folder, ATTEMPT);
    }

    /**
     * Deletes what workers left that were killed.
     *
     * @return the folders of these workers, which are gone
     */
    List<Path> deleteLeftOver() {
        List<Path> deleted = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(parent(), NAME + "*")) {
            for (Path other : all) {
                if (!other.equals(folder) && isLeftOver(other)) {
                    deleted.add(other);
                }
            }
        } catch (IOException e) {
            LOG.warn("Folders of workers that were killed are not looked for ({}).", e.toString());
        }
        return deleted;
    }

    private Path parent() {
        Path parent = folder.getParent();
        return parent == null ? folder : parent;
    }

    private boolean isLeftOver(Path other) {
        try {
            if (!Files.getOwner(other).equals(Files.getOwner(folder)) || !Files.isRegularFile(other.resolve(LOCK))) {
                return false;
            }
            try (ProcessLock free = ProcessLock.tryTake(other.resolve(LOCK))) {
                if (free == null) {
                    return false;
                }
                delete(other);
                LOG.info("Folder {} of a worker that was killed is deleted.", other);
                return true;
            }
        } catch (IOException e) {
            LOG.warn(
                    "Folder {} is left over from a worker that was killed, and cannot be deleted ({}).",
                    other,
                    e.toString());
            return false;
        }
    }

    static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException problem)
                    throws IOException {
                if (problem != null) {
                    throw problem;
                }
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** An attempt that is still ending keeps its folder; the next worker that starts deletes it. */
    @Override
    public synchronized void close() {
        try {
            if (isEmpty()) {
                delete(folder);
            }
            lock.close();
        } catch (IOException e) {
            LOG.warn("Folder {} is left over ({}); the next start deletes it.", folder, e.toString());
        }
    }

    private boolean isEmpty() throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, ATTEMPT + "*")) {
            return !left.iterator().hasNext();
        }
    }
}
