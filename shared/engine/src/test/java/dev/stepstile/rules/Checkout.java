package dev.stepstile.rules;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/** The files of this checkout. */
final class Checkout {
    private static final Path ROOT = root();

    /** What builds make, and users' projects; folders whose names begin with a dot are left out too. */
    private static final Set<String> NOT_OURS = Set.of("target", "__pycache__", "node_modules", "starters");

    private Checkout() {}

    private static Path root() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.isRegularFile(folder.resolve(".mvn/jvm.config"))) {
                return folder;
            }
        }
        throw new IllegalStateException("The test does not run within a checkout.");
    }

    static Path file(String path) {
        return ROOT.resolve(path);
    }

    /** The files below the root that match, in order; those of the root itself do not. */
    static List<Path> files(String pattern) {
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher(pattern);
        List<Path> found = new ArrayList<>();
        try {
            Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                    String name = folder.getFileName().toString();
                    boolean left = !folder.equals(ROOT) && (name.startsWith(".") || NOT_OURS.contains(name));
                    return left ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (matcher.matches(ROOT.relativize(file))) {
                        found.add(file);
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Collections.sort(found);
        return found;
    }

    static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
