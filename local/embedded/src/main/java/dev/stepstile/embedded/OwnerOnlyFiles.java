package dev.stepstile.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** Files and folders that are their owner's alone, where the file system knows owners: they hold inputs and results. */
final class OwnerOnlyFiles {
    private OwnerOnlyFiles() {}

    /** Creates the folder and those above it, or takes the rights of others from one that is there. */
    static void folder(Path folder) throws IOException {
        if (knowsOwners(folder)) {
            Files.createDirectories(folder, mode("rwx------"));
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        } else {
            Files.createDirectories(folder);
        }
    }

    /** Creates an empty file unless it is there, and takes the rights of others from one that is. */
    static void file(Path file) throws IOException {
        if (!knowsOwners(file)) {
            return;
        }
        try {
            Files.createFile(file, mode("rw-------"));
        } catch (FileAlreadyExistsException there) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
    }

    /** Makes what was written to a file or a folder survive a power cut. */
    static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (FileSystemException noFolderOpensHere) {
            if (!Files.isDirectory(path)) {
                throw noFolderOpensHere;
            }
        }
    }

    private static boolean knowsOwners(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static FileAttribute<?> mode(String mode) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode));
    }
}
