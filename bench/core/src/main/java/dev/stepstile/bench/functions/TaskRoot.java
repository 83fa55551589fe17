package dev.stepstile.bench.functions;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A function's code as Lambda lays it out in {@code /var/task}: classes, and jars in {@code lib}.
 *
 * @param handler the class that handles events
 */
record TaskRoot(Path folder, String handler) {
    private static final List<String> OF_EACH_FUNCTION = List.of("com.amazonaws.", "joda-time.");
    private static final List<String> OF_THE_SDK =
            List.of("software.amazon.awssdk.", "software.amazon.eventstream.", "org.reactivestreams.", "org.slf4j.");

    /** A function as {@code sam build} has built it. */
    static TaskRoot built(Path build, String name) {
        Path folder = build.resolve(name);
        if (!Files.isDirectory(folder.resolve("lib"))) {
            throw new IllegalStateException(
                    folder + " is not built: call build/sam-check (or sam build), and then this again.");
        }
        String part = name.substring(0, name.length() - "Function".length()).toLowerCase(java.util.Locale.ROOT);
        return new TaskRoot(folder, "dev.stepstile.functions." + part + "." + name);
    }

    /** {@link BareFunction}, with the jars that Lambda's own classes need. */
    static TaskRoot bare(Path folder, Path build) {
        return ofOneClass(folder.resolve("bare"), build, BareFunction.class, OF_EACH_FUNCTION);
    }

    /** {@link PlainSdkFunction}, with the SDK as the functions have it. */
    static TaskRoot plainSdk(Path folder, Path build) {
        return ofOneClass(
                folder.resolve("plain-sdk"),
                build,
                PlainSdkFunction.class,
                Stream.concat(OF_EACH_FUNCTION.stream(), OF_THE_SDK.stream()).toList());
    }

    private static TaskRoot ofOneClass(Path folder, Path build, Class<?> function, List<String> jars) {
        try {
            delete(folder);
            Path lib = Files.createDirectories(folder.resolve("lib"));
            Path all = built(build, "StepFunction").folder().resolve("lib");
            Predicate<String> wanted = name -> jars.stream().anyMatch(name::startsWith);
            for (Path jar : listed(all)) {
                if (wanted.test(jar.getFileName().toString())) {
                    Files.createSymbolicLink(lib.resolve(jar.getFileName()), jar.toAbsolutePath());
                }
            }
            String file = function.getName().replace('.', '/') + ".class";
            Path copy = folder.resolve(file);
            Files.createDirectories(Objects.requireNonNull(copy.getParent()));
            try (InputStream code = function.getResourceAsStream("/" + file)) {
                Files.copy(Objects.requireNonNull(code), copy, StandardCopyOption.REPLACE_EXISTING);
            }
            return new TaskRoot(folder, function.getName());
        } catch (IOException e) {
            throw new UncheckedIOException("A function for comparison cannot be laid out in " + folder, e);
        }
    }

    private static List<Path> listed(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
