package dev.stepstile.local.handlers;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/** Where the user's handlers are: jars and folders of classes, as given by {@code --classpath}. */
public final class HandlerClassPath {
    static final String SERVICES = "META-INF/services/dev.stepstile.api.StepHandler";

    private static final String ALL_JARS = "*";

    private final List<Path> given;

    private HandlerClassPath(List<Path> given) {
        this.given = given;
    }

    /** @throws IllegalArgumentException with a sentence that says what is missing, and what to do */
    public static HandlerClassPath of(String text) {
        List<Path> given = new ArrayList<>();
        for (String entry : text.split(File.pathSeparator, -1)) {
            if (!entry.isBlank()) {
                given.add(Path.of(entry.strip()).toAbsolutePath().normalize());
            }
        }
        if (given.isEmpty()) {
            throw new IllegalArgumentException(
                    "--classpath is empty; it takes jars and folders of classes, separated by '" + File.pathSeparator
                            + "'.");
        }
        HandlerClassPath path = new HandlerClassPath(given);
        path.check();
        return path;
    }

    /** @throws IllegalArgumentException with a sentence that says what is missing, and what to do */
    void check() {
        List<Path> entries = entries();
        boolean any = false;
        for (Path entry : entries) {
            any |= declaresHandlers(entry);
        }
        if (!any) {
            throw new IllegalArgumentException("No handler is declared by --classpath: there is no file " + SERVICES
                    + " in " + (entries.isEmpty() ? given : entries)
                    + ". Name the handler classes in it, one a line, and build again.");
        }
    }

    private static boolean declaresHandlers(Path entry) {
        if (!Files.exists(entry)) {
            throw new IllegalArgumentException(
                    "--classpath names " + entry + ", which does not exist; build it, or correct the path.");
        }
        if (!Files.isReadable(entry)) {
            throw new IllegalArgumentException(
                    "--classpath names " + entry + ", which this user cannot read; change its permissions.");
        }
        if (Files.isDirectory(entry)) {
            try (Stream<Path> content = Files.list(entry)) {
                if (content.findAny().isEmpty()) {
                    throw new IllegalArgumentException(
                            "--classpath names " + entry + ", an empty folder; compile the handlers into it first.");
                }
            } catch (IOException e) {
                throw new UncheckedIOException("The folder " + entry + " of --classpath cannot be read", e);
            }
            return Files.isRegularFile(entry.resolve(SERVICES));
        }
        try (JarFile jar = new JarFile(entry.toFile())) {
            return jar.getEntry(SERVICES) != null;
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "--classpath names " + entry + ", a jar that cannot be read (" + e.getMessage()
                            + "); build it again.",
                    e);
        }
    }

    /** The jars and folders, in order; a jar's manifest may name further ones. */
    List<Path> entries() {
        Set<Path> entries = new LinkedHashSet<>();
        for (Path entry : listed()) {
            add(entry, entries);
        }
        return List.copyOf(entries);
    }

    private static void add(Path entry, Set<Path> entries) {
        if (entries.add(entry) && Files.isRegularFile(entry)) {
            try (JarFile jar = new JarFile(entry.toFile())) {
                Manifest manifest = jar.getManifest();
                String more =
                        manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
                for (String url : more == null ? new String[0] : more.strip().split(" +")) {
                    Path named = named(entry, url);
                    if (Files.exists(named)) { // as the JVM, which passes over what a manifest names in vain
                        add(named, entries);
                    }
                }
            } catch (IOException unreadable) {
                // the check of the entry itself reports it
            }
        }
    }

    private static Path named(Path jar, String url) {
        try {
            URI resolved = jar.toUri().resolve(new URI(url));
            return "file".equals(resolved.getScheme()) ? Path.of(resolved).normalize() : jar;
        } catch (URISyntaxException | IllegalArgumentException e) {
            return jar;
        }
    }

    private List<Path> listed() {
        List<Path> listed = new ArrayList<>();
        for (Path entry : given) {
            if (entry.endsWith(ALL_JARS)) {
                listed.addAll(jars(entry.resolveSibling("")));
            } else {
                listed.add(entry);
            }
        }
        return listed;
    }

    private static List<Path> jars(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName()
                            .toString()
                            .toLowerCase(Locale.ROOT)
                            .endsWith(".jar"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "--classpath names the jars of " + folder + ", a folder that cannot be read.", e);
        }
    }

    /** Which files there are, how large, and when they were last changed: cheap enough to ask before each step. */
    String stamp(List<Path> entries) {
        StringBuilder stamp = new StringBuilder();
        Set<Path> all = new LinkedHashSet<>(entries);
        try {
            all.addAll(listed());
        } catch (IllegalArgumentException gone) {
            stamp.append(gone.getMessage());
        }
        for (Path entry : all) {
            if (Files.isDirectory(entry)) {
                try (Stream<Path> files = Files.walk(entry)) {
                    files.sorted().forEach(file -> append(file, stamp));
                } catch (IOException | UncheckedIOException changing) {
                    stamp.append(entry).append(" is changing\n");
                }
            } else {
                append(entry, stamp);
            }
        }
        return stamp.toString();
    }

    private static void append(Path file, StringBuilder stamp) {
        stamp.append(file);
        try {
            if (!Files.isDirectory(file)) {
                stamp.append(' ').append(Files.size(file)).append(' ').append(Files.getLastModifiedTime(file));
            }
        } catch (IOException e) {
            stamp.append(" is missing");
        }
        stamp.append('\n');
    }

    @Override
    public String toString() {
        return String.join(
                File.pathSeparator, given.stream().map(Path::toString).toList());
    }
}
