package dev.stepstile.local.handlers;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * The user's handlers as they were at one moment. Processes run from a copy: a class that is loaded late, after the jar
 * was rebuilt under a running step, is still the one that the step began with.
 */
final class HandlerCopy {
    private final Path folder;
    private final List<Path> originals;
    private final List<Path> entries;
    private final String digest;
    private final AtomicInteger users = new AtomicInteger(1);

    private HandlerCopy(Path folder, List<Path> originals, List<Path> entries, String digest) {
        this.folder = folder;
        this.originals = originals;
        this.entries = entries;
        this.digest = digest;
    }

    /** @param folder a new one for the copy */
    static HandlerCopy of(List<Path> originals, Path folder) throws IOException {
        MessageDigest digest = sha256();
        List<Path> entries = new ArrayList<>();
        for (Path original : originals) {
            String name = entries.size() + "-" + original.getFileName();
            if (Files.isDirectory(original)) {
                try (Stream<Path> files = Files.walk(original, FileVisitOption.FOLLOW_LINKS)) {
                    for (Path file : files.sorted().toList()) {
                        copy(file, folder, name + "/" + original.relativize(file), digest);
                    }
                } catch (UncheckedIOException e) {
                    throw e.getCause();
                }
            } else {
                copy(original, folder, name, digest);
            }
            entries.add(folder.resolve(name));
        }
        return new HandlerCopy(
                folder, List.copyOf(originals), entries, HexFormat.of().formatHex(digest.digest()));
    }

    private static void copy(Path file, Path folder, String name, MessageDigest digest) throws IOException {
        Path target = folder.resolve(name);
        digest.update((name + "\n").getBytes(StandardCharsets.UTF_8));
        if (Files.isDirectory(file)) {
            Files.createDirectories(target);
            return;
        }
        Files.createDirectories(target.resolveSibling(""));
        try (InputStream in = Files.newInputStream(file);
                OutputStream out = new DigestOutputStream(Files.newOutputStream(target), digest)) {
            in.transferTo(out);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** What was copied. */
    List<Path> originals() {
        return originals;
    }

    /** The copies, in the same order. */
    List<Path> entries() {
        return entries;
    }

    /** Of all names and contents. */
    String digest() {
        return digest;
    }

    /** One more process runs from it. */
    HandlerCopy retain() {
        users.incrementAndGet();
        return this;
    }

    /** One process less runs from it; deleted after the last. */
    void release() {
        if (users.decrementAndGet() == 0) {
            delete(folder);
        }
    }

    /** Deletes a folder of copies, as far as it can. */
    static void delete(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | UncheckedIOException e) {
            // deleted by the next start of a stack in this folder
        }
    }
}
