package dev.stepstile.cli.init;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The kinds of projects that can be begun, each a folder of the resources {@code starters}. */
public enum Starter {
    /** A Maven project with a handler. */
    JAVA,
    /** A handler in a warm host. */
    PYTHON,
    /** A script of the plain protocol. */
    SHELL,
    /** A job whose executor is Stepstile's. */
    DAGSTER;

    /** By its name beside the project, where it would have hidden files of the repository that it is in. */
    private static final Map<String, String> RENAMED = Map.of("gitignore", ".gitignore");

    /** As a user names it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The content of its files by path, with {@code @name@} and the like in place. */
    SortedMap<String, String> files() {
        String folder = "/starters/" + this;
        URL url = Objects.requireNonNull(Starter.class.getResource(folder), folder);
        try {
            URI uri = url.toURI();
            if (!"jar".equals(uri.getScheme())) {
                return files(Path.of(uri));
            }
            try (FileSystem jar = FileSystems.newFileSystem(uri, Map.of())) {
                return files(jar.getPath(folder));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static SortedMap<String, String> files(Path folder) throws IOException {
        SortedMap<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                String path = folder.relativize(file).toString().replace('\\', '/');
                files.put(RENAMED.getOrDefault(path, path), Files.readString(file));
            }
        }
        return files;
    }

    /** @param words what stands in the place of {@code @name@} and the like */
    void write(Path target, Map<String, String> words) throws IOException {
        for (Map.Entry<String, String> file : files().entrySet()) {
            Path path = target.resolve(file.getKey());
            Files.createDirectories(Objects.requireNonNull(path.getParent()));
            String content = file.getValue();
            for (Map.Entry<String, String> word : words.entrySet()) {
                content = content.replace(word.getKey(), word.getValue());
            }
            Files.writeString(path, content);
            if (content.startsWith("#!") && !path.toFile().setExecutable(true)) {
                throw new IOException(path + " cannot be made executable.");
            }
        }
    }

    /** What is called next in the new folder, in this order. */
    List<String> nextCommands(String name, String stepstile) {
        List<String> commands = new ArrayList<>(
                switch (this) {
                    case JAVA -> List.of("mvn verify");
                    case PYTHON, DAGSTER ->
                        List.of(
                                "python3 -m venv .venv && . .venv/bin/activate",
                                "pip install --find-links WHEELS -e '.[test]'",
                                "pytest");
                    case SHELL -> List.of("./test.sh");
                });
        commands.add(
                this == JAVA
                        ? stepstile + " local --classpath target/layer/java/lib/" + name + ".jar"
                        : stepstile + " local --handlers stepstile-handlers.json");
        return commands;
    }
}
