package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the configuration of process handlers; an invalid configuration is refused with a message that explains how to fix it. */
final class HandlersFile {
    private static final Set<String> OF_COMMAND =
            new TreeSet<>(Set.of("command", "directory", "inherit", "environment", "graceSeconds", "warm", "protocol"));
    private static final Set<String> OF_WARM = new TreeSet<>(Set.of("startSeconds", "maxSteps", "maxMemoryMb"));

    private static final String PIPES = "pipes";
    private static final String PLAIN = "plain";

    private static final Pattern NAME = Pattern.compile("[^=*]+\\*?|\\*");
    private static final String NAMES = "'inherit' should be a list of names of environment variables, such as MY_URL,"
            + " or of beginnings of names with a star after them, such as MY_*";

    private static final int GRACE_SECONDS = 5;
    private static final int START_SECONDS = 120;
    private static final int MAX_STEPS = 10_000;
    private static final int MAX_MEMORY_MB = 1_024;

    private final String source;
    private final @Nullable Path base;

    /** @param base of relative paths; null if the document is not a file */
    private HandlersFile(String source, @Nullable Path base) {
        this.source = source;
        this.base = base;
    }

    /**
     * @param document the JSON itself if it starts with a brace, else the file's path
     * @throws IllegalArgumentException that explains what is wrong and how to fix it
     */
    static List<HandlerSpec> read(String document) {
        if (document.stripLeading().startsWith("{")) {
            return new HandlersFile("The handlers' configuration", null).parse(document);
        }
        Path file = Path.of(document).toAbsolutePath().normalize();
        Path folder = file.getParent();
        try {
            return new HandlersFile(file.toString(), folder == null ? file : folder).parse(Files.readString(file));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    file + " cannot be read (" + e.getClass().getSimpleName()
                            + "); it should be the JSON document that names the process handlers.");
        }
    }

    private List<HandlerSpec> parse(String text) {
        JsonNode document;
        try {
            document = Json.parse(text);
        } catch (Json.BadJson e) {
            throw wrong("", e.getMessage() + "; see docs/process-handlers.md for its form");
        }
        known(document, "", Set.of("handlers"));
        JsonNode handlers = document.path("handlers");
        if (!handlers.isObject()) {
            throw wrong("", "'handlers' should be an object from names to commands");
        }
        List<HandlerSpec> specs = new ArrayList<>();
        for (Map.Entry<String, JsonNode> handler : handlers.properties()) {
            specs.add(spec(handler.getKey(), handler.getValue()));
        }
        return specs;
    }

    private HandlerSpec spec(String name, JsonNode node) {
        if (!Limits.isHandlerName(name)) {
            throw wrong(name, "a handler's name is 1 to 128 characters of A-Z a-z 0-9 . _ -; rename it");
        }
        JsonNode warm = node.path("warm");
        if (!warm.isMissingNode() && !warm.isBoolean()) {
            throw wrong(name, "'warm' should be true or false");
        }
        Set<String> allowed = new TreeSet<>(OF_COMMAND);
        if (warm.asBoolean()) {
            allowed.addAll(OF_WARM);
        }
        known(node, name, allowed);
        if (!warm.asBoolean() && ProgramFinder.find(ProcessGroups.NEW_GROUP, Path.of("/")) == null) {
            throw wrong(
                    name,
                    "a command needs '" + ProcessGroups.NEW_GROUP
                            + "', so that all of its processes can be ended; install util-linux");
        }
        Path directory = directory(name, node.path("directory"));
        return new HandlerSpec(
                name,
                command(name, node.path("command"), directory),
                directory,
                inherit(name, node.path("inherit")),
                environment(name, node.path("environment")),
                Duration.ofSeconds(number(name, node, "graceSeconds", 0, 300, GRACE_SECONDS)),
                mode(name, node, warm.asBoolean()));
    }

    private HandlerSpec.Mode mode(String name, JsonNode node, boolean warm) {
        JsonNode protocol = node.path("protocol");
        return switch (protocol.isMissingNode() ? PIPES : protocol.asText()) {
            case PIPES -> warm ? warm(name, node) : new HandlerSpec.Pipes();
            case PLAIN -> {
                if (warm) {
                    throw wrong(name, "a warm host speaks Pipes; leave out 'protocol', or 'warm' for a command a step");
                }
                yield new HandlerSpec.Plain();
            }
            default -> throw wrong(name, "'protocol' should be " + PIPES + " or " + PLAIN);
        };
    }

    private HandlerSpec.Warm warm(String name, JsonNode node) {
        return new HandlerSpec.Warm(
                Duration.ofSeconds(number(name, node, "startSeconds", 1, 800, START_SECONDS)),
                number(name, node, "maxSteps", 1, Integer.MAX_VALUE, MAX_STEPS),
                number(name, node, "maxMemoryMb", 1, 1 << 20, MAX_MEMORY_MB) * 1024L * 1024L);
    }

    private Path directory(String name, JsonNode node) {
        if (!node.isMissingNode() && !node.isTextual()) {
            throw wrong(name, "'directory' should be a path, relative to the file or absolute");
        }
        Path given = Path.of(node.asText(""));
        if (base == null && !given.isAbsolute() && !node.isMissingNode()) {
            throw wrong(name, "'directory' should be absolute, as the document is not a file");
        }
        Path directory =
                (base == null ? given : base.resolve(given)).toAbsolutePath().normalize();
        if (!Files.isDirectory(directory)) {
            throw wrong(name, "directory " + directory + " does not exist; make it, or name another");
        }
        return directory;
    }

    private List<String> command(String name, JsonNode node, Path directory) {
        List<String> command = new ArrayList<>();
        for (JsonNode word : node) {
            if (!word.isTextual()) {
                throw wrong(name, "'command' should be a list of strings: the program and its arguments");
            }
            command.add(word.textValue());
        }
        if (!node.isArray() || command.isEmpty()) {
            throw wrong(name, "'command' should be a list of strings: the program and its arguments");
        }
        String missing = ProgramFinder.missing(command.getFirst(), directory);
        if (missing != null) {
            throw wrong(name, missing);
        }
        return List.copyOf(command);
    }

    private List<String> inherit(String name, JsonNode node) {
        List<String> names = new ArrayList<>();
        for (JsonNode variable : node) {
            String text = variable.asText();
            if (!variable.isTextual() || !NAME.matcher(text).matches()) {
                throw wrong(name, NAMES);
            }
            names.add(text);
        }
        if (!node.isMissingNode() && !node.isArray()) {
            throw wrong(name, NAMES);
        }
        return List.copyOf(names);
    }

    private SortedMap<String, String> environment(String name, JsonNode node) {
        SortedMap<String, String> environment = new TreeMap<>();
        if (!node.isMissingNode() && !node.isObject()) {
            throw wrong(name, "'environment' should be an object from names to strings");
        }
        for (Map.Entry<String, JsonNode> variable : node.properties()) {
            if (!variable.getValue().isTextual()
                    || variable.getKey().isEmpty()
                    || variable.getKey().contains("=")) {
                throw wrong(name, "'environment' should be an object from names to strings");
            }
            environment.put(variable.getKey(), variable.getValue().textValue());
        }
        return environment;
    }

    private int number(String name, JsonNode node, String member, int least, int most, int otherwise) {
        JsonNode value = node.path(member);
        if (value.isMissingNode()) {
            return otherwise;
        }
        if (!value.canConvertToInt()
                || !value.isIntegralNumber()
                || value.intValue() < least
                || value.intValue() > most) {
            throw wrong(name, "'" + member + "' should be a whole number from " + least + " to " + most);
        }
        return value.intValue();
    }

    private void known(JsonNode node, String name, Set<String> members) {
        if (!node.isObject()) {
            throw wrong(name, "there should be an object with " + members);
        }
        for (Map.Entry<String, JsonNode> member : node.properties()) {
            if (!members.contains(member.getKey())) {
                throw wrong(name, "'" + member.getKey() + "' is unknown; known: " + String.join(", ", members));
            }
        }
    }

    private IllegalArgumentException wrong(String name, String what) {
        return new IllegalArgumentException(
                source + (name.isEmpty() ? "" : ", handler '" + name + "'") + ": " + what + ".");
    }
}
