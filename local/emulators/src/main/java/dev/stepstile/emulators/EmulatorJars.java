package dev.stepstile.emulators;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jars that an emulator runs from. The user's own Maven resolves them from a POM of their own when they are first
 * needed: they are never on Stepstile's class path, and nobody who does not emulate AWS fetches them. A folder of jars
 * is whole or not there, so that two processes may fetch at once.
 */
final class EmulatorJars {
    private static final Logger LOG = LoggerFactory.getLogger(EmulatorJars.class);
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int LINES_TOLD = 15;

    private final Path folder;
    private final String maven;

    /**
     * @param folder where the jars of all emulators are kept
     * @param maven the command
     */
    EmulatorJars(Path folder, String maven) {
        this.folder = folder;
        this.maven = maven;
    }

    /** {@code emulators} in the folder that {@code STEPSTILE_HOME} names, else in {@code .stepstile}. */
    static EmulatorJars ofThisMachine() {
        String home = System.getenv("STEPSTILE_HOME");
        Path state = Path.of(home == null || home.isBlank() ? ".stepstile" : home);
        return new EmulatorJars(state.toAbsolutePath().normalize().resolve("emulators"), "mvn");
    }

    /**
     * @param name of a POM beside this class; another POM gets another folder
     * @throws IllegalStateException saying what to do, if Maven is missing or cannot resolve them
     */
    Path folderOf(String name) {
        byte[] pom = pom(name);
        Path jars = jars(name, pom);
        if (!Files.isDirectory(jars)) {
            try {
                Files.createDirectories(folder);
                Path unfinished = Files.createTempDirectory(folder, name + "-");
                try {
                    fetch(name, pom, unfinished);
                    publish(unfinished, jars);
                } finally {
                    delete(unfinished);
                }
            } catch (IOException e) {
                throw new UncheckedIOException("The jars of " + name + " could not be written to " + folder, e);
            }
        }
        return jars;
    }

    /** Whether they are there, so that nothing is fetched. */
    boolean has(String name) {
        return Files.isDirectory(jars(name, pom(name)));
    }

    /** Where the jars of all emulators are kept. */
    Path folder() {
        return folder;
    }

    private Path jars(String name, byte[] pom) {
        return folder.resolve(name + "-" + digest(pom));
    }

    private void fetch(String name, byte[] pom, Path target) throws IOException {
        LOG.info("Fetching {} by Maven, once; its jars are kept in {}.", name, folder);
        Path file = Files.write(target.resolve("pom.xml"), pom);
        Path log = folder.resolve(name + ".log");
        ProcessBuilder builder = new ProcessBuilder(
                        maven,
                        "-B",
                        "-q",
                        "-f",
                        file.toString(),
                        "dependency:copy-dependencies",
                        "-DoutputDirectory=" + target)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().putAll(Map.of("JAVA_HOME", System.getProperty("java.home")));
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new IllegalStateException(
                    "The AWS stack needs Maven 3.8 or newer once, to fetch " + name + ", and '" + maven
                            + "' does not start. Install it (apt-get install maven, brew install maven), and call this again.",
                    e);
        }
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException("Maven could not fetch " + name
                        + "; behind a proxy or with a mirror, configure ~/.m2/settings.xml. The end of "
                        + log + ":\n" + lastLines(log));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while Maven was fetching " + name, e);
        } finally {
            process.destroy();
        }
    }

    /** Whoever is first wins; the other's jars are the same. */
    private static void publish(Path unfinished, Path jars) throws IOException {
        try {
            Files.move(unfinished, jars, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.isDirectory(jars)) {
                throw e;
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private static String lastLines(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES_TOLD), lines.size()));
    }

    private static byte[] pom(String name) {
        try (InputStream in = EmulatorJars.class.getResourceAsStream(name + ".pom.xml")) {
            if (in == null) {
                throw new IllegalArgumentException("there is no POM of " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String digest(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content), 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
