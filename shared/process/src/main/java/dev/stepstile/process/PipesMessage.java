package dev.stepstile.process;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import dev.stepstile.codec.Json;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A message of Dagster Pipes 0.1 from a process. */
sealed interface PipesMessage {

    record Opened() implements PipesMessage {}

    /** @param exception that ended the process's work; null if it was done */
    record Closed(@Nullable PipesException exception) implements PipesMessage {}

    record Log(String level, String message) implements PipesMessage {}

    /** A materialization or an asset check, as it came. */
    record Report(JsonNode message) implements PipesMessage {}

    record Custom(JsonNode payload, JsonNode message) implements PipesMessage {}

    /** Output that a process, or a part of it elsewhere, reports as printed. */
    record ExternalStream(boolean error, String text) implements PipesMessage {}

    /** Python writes NaN and infinities, which JSON does not have: they become strings. */
    ObjectReader READER = Json.mapper().readerFor(JsonNode.class).with(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS);

    String VERSION_MEMBER = "__dagster_pipes_version";
    String VERSION = "0.1";

    /** @throws Malformed with what is wrong, without the line's content */
    static PipesMessage parse(String line) throws Malformed {
        JsonNode message;
        try {
            message = READER.readTree(line);
        } catch (JsonProcessingException | NumberFormatException e) {
            throw new Malformed("is not JSON");
        }
        if (message == null || !message.path("method").isTextual()) {
            throw new Malformed("has no method");
        }
        if (!message.path(VERSION_MEMBER).asText().equals(VERSION)) {
            throw new Malformed("is not of Pipes " + VERSION);
        }
        String method = message.path("method").textValue();
        JsonNode params = message.path("params");
        return switch (method) {
            case "opened" -> new Opened();
            case "closed" -> new Closed(exception(params.path("exception")));
            case "log" -> new Log(params.path("level").asText("INFO"), printed(params, "message"));
            case "report_asset_materialization" -> {
                text(params, "asset_key");
                textOrNull(params, "data_version");
                PipesMetadata.check(params.path("metadata"));
                yield new Report(message);
            }
            case "report_asset_check" -> {
                checkAssetCheck(params);
                yield new Report(message);
            }
            case "report_custom_message" -> {
                if (!params.has("payload")) {
                    throw new Malformed("should have 'payload'");
                }
                yield new Custom(params.path("payload"), message);
            }
            case "log_external_stream" -> new ExternalStream(stream(params), printed(params, "text"));
            default -> throw new Malformed("has a method that Pipes " + VERSION + " does not know");
        };
    }

    private static void checkAssetCheck(JsonNode params) throws Malformed {
        text(params, "asset_key");
        text(params, "check_name");
        if (!params.path("passed").isBoolean()) {
            throw new Malformed("should have 'passed', true or false");
        }
        if (!Set.of("WARN", "ERROR").contains(text(params, "severity"))) {
            throw new Malformed("should have 'severity', WARN or ERROR");
        }
        PipesMetadata.check(params.path("metadata"));
    }

    private static @Nullable PipesException exception(JsonNode node) throws Malformed {
        if (node.isMissingNode() || node.isNull()) {
            return null;
        }
        if (!node.isObject()) {
            throw new Malformed("should have 'exception', an object or null");
        }
        return PipesException.read(node);
    }

    private static boolean stream(JsonNode params) throws Malformed {
        return switch (printed(params, "stream")) {
            case "stdout" -> false;
            case "stderr" -> true;
            default -> throw new Malformed("should have 'stream', stdout or stderr", false);
        };
    }

    /** As {@link #text}, for a member of a message that is only for the log. */
    private static String printed(JsonNode params, String name) throws Malformed {
        try {
            return text(params, name);
        } catch (Malformed malformed) {
            throw new Malformed(malformed.problem(), false);
        }
    }

    private static String text(JsonNode params, String name) throws Malformed {
        if (!params.path(name).isTextual()) {
            throw new Malformed("should have '" + name + "', a string");
        }
        return params.path(name).textValue();
    }

    private static void textOrNull(JsonNode params, String name) throws Malformed {
        if (params.hasNonNull(name)) {
            text(params, name);
        }
    }

    /** The line is no message of Pipes 0.1. */
    final class Malformed extends Exception {
        private final String problem;
        private final boolean ofTheOutcome;

        /** @param problem what is wrong, without the line's content */
        Malformed(String problem) {
            this(problem, true);
        }

        Malformed(String problem, boolean ofTheOutcome) {
            super(problem);
            this.problem = problem;
            this.ofTheOutcome = ofTheOutcome;
        }

        String problem() {
            return problem;
        }

        /** Whether the message may have had the step's outcome; false if it was only for the log. */
        boolean ofTheOutcome() {
            return ofTheOutcome;
        }
    }
}
