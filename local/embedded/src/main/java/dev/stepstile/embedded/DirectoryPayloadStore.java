package dev.stepstile.embedded;

import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.PortException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/** Large payloads, a file each, named by the digest of the key; a file is whole or not there. */
final class DirectoryPayloadStore implements PayloadStore {
    private static final String PART = "part-";

    private final Path folder;
    private final boolean fsync;

    /**
     * Opens the folder, and deletes what a killed process left half written.
     *
     * @param fsync whether a payload survives a power cut too
     */
    DirectoryPayloadStore(Path folder, boolean fsync) throws IOException {
        this.folder = folder;
        this.fsync = fsync;
        OwnerOnlyFiles.folder(folder);
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(folder, PART + "*")) {
            for (Path part : parts) {
                Files.deleteIfExists(part);
            }
        }
    }

    @Override
    public void put(String key, byte[] content) {
        String name = name(key);
        Path drawer = drawer(name);
        Path file = drawer.resolve(name);
        try {
            Path part = Files.createTempFile(folder, PART, ".tmp");
            try {
                Files.write(part, content);
                if (fsync) {
                    OwnerOnlyFiles.sync(part);
                }
                Files.createDirectories(drawer);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part); // where it was not moved: a full disk is not to be filled by parts
            }
            if (fsync) {
                OwnerOnlyFiles.sync(drawer);
                OwnerOnlyFiles.sync(folder);
            }
        } catch (IOException e) {
            throw new PortException("payload " + key + " not written: " + e, e);
        }
    }

    @Override
    public Optional<byte[]> get(String key) {
        try {
            return Optional.of(Files.readAllBytes(file(key)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new PortException("payload " + key + " not read: " + e, e);
        }
    }

    @Override
    public boolean exists(String key) {
        return Files.isRegularFile(file(key));
    }

    private Path file(String key) {
        String name = name(key);
        return drawer(name).resolve(name);
    }

    /** The folder of a file, one of 256. */
    private Path drawer(String name) {
        return folder.resolve(name.substring(0, 2));
    }

    private static String name(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
