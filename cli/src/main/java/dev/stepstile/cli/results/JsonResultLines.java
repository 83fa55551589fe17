package dev.stepstile.cli.results;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.client.StepError;
import dev.stepstile.client.StepStatus;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** JSON Lines. A result keeps the characters that its handler wrote. */
final class JsonResultLines implements ResultLines {
    @Override
    public String header() {
        return "";
    }

    @Override
    public String beginning(String runId) {
        String line = Json.print(Json.object().put("run", runId));
        return line.substring(0, line.length() - 1) + ",";
    }

    @Override
    public String line(Result result) {
        ObjectNode line = Json.object().put("run", result.runId()).put("key", result.key());
        if (result.row() != null) {
            line.put("row", result.row());
        }
        line.put("state", result.state().name()).put("attempt", result.attempt());
        if (result.finishedAt() != null) {
            line.put("finishedAt", result.finishedAt().toString());
        }
        StepError error = result.outcome().error();
        if (error != null) {
            line.putObject("error").put("kind", error.kind()).put("message", error.message());
        }
        String text = Json.print(line);
        return result.outcome().result() == null
                ? text + "\n"
                : text.substring(0, text.length() - 1) + ",\"result\":"
                        + ResultLines.onOneLine(result.outcome().result().text()) + "}\n";
    }

    @Override
    public void read(InputStream in, Consumer<Written> written) throws IOException {
        try (JsonParser parser = Json.mapper().getFactory().createParser(in)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() != JsonToken.START_OBJECT) {
                    throw foreign(parser);
                }
                written.accept(line(parser));
            }
        } catch (JsonProcessingException e) {
            throw new ResultsFileException("line " + e.getLocation().getLineNr() + " is not JSON");
        }
    }

    private static Written line(JsonParser parser) throws IOException {
        String run = null;
        String key = null;
        StepStatus state = null;
        Integer attempt = null;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            JsonToken value = parser.nextToken();
            switch (name) {
                case "run" -> run = parser.getValueAsString();
                case "key" -> key = parser.getValueAsString();
                case "state" -> state = status(parser.getValueAsString());
                case "attempt" -> attempt = value == JsonToken.VALUE_NUMBER_INT ? (Integer) parser.getIntValue() : null;
                default -> parser.skipChildren();
            }
        }
        if (run == null || key == null || state == null || attempt == null) {
            throw foreign(parser);
        }
        return new Written(run, key, attempt, state);
    }

    /** Null if there is no such state. */
    static @Nullable StepStatus status(@Nullable String name) {
        for (StepStatus status : StepStatus.values()) {
            if (status.name().equals(name)) {
                return status;
            }
        }
        return null;
    }

    private static ResultsFileException foreign(JsonParser parser) {
        return new ResultsFileException(
                "line " + parser.currentTokenLocation().getLineNr() + " is not the result of a step");
    }
}
