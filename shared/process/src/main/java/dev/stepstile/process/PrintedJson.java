package dev.stepstile.process;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.StringReader;
import java.util.Optional;

/**
 * The JSON that a program printed last. It is the last line that is not blank, if that is a JSON value; or the lines from
 * one that begins with a brace or bracket, and ends with one that opens or with a comma or colon, to that last line, if
 * together they are one JSON value. Text after it makes it a part of the log.
 */
sealed interface PrintedJson {
    record Value(JsonNode json) implements PrintedJson {}

    /** @param before whether a JSON object was printed, and text after it */
    record None(boolean before) implements PrintedJson {}

    /** The last line was meant as JSON, and is not. */
    record Broken() implements PrintedJson {}

    /** It is longer than what is kept of the output. */
    record TooLong() implements PrintedJson {}

    /**
     * The end of an output.
     *
     * @param cut whether there was more before it
     */
    record Text(String text, boolean cut) {}

    static PrintedJson last(Text printed) {
        String text = printed.text().stripTrailing();
        int line = text.lastIndexOf('\n') + 1;
        String last = text.substring(line).strip();
        boolean begins = last.startsWith("{");
        boolean ends = last.endsWith("}") || last.endsWith("]");
        Optional<JsonNode> value = parse(text, line);
        for (int start = line; value.isEmpty() && ends && start > 0; ) {
            int end = start - 1;
            start = text.lastIndexOf('\n', start - 2) + 1;
            if (mayBegin(text.substring(start, end).stripTrailing())) {
                value = parse(text, start);
            }
        }
        if (value.isPresent()) {
            return new Value(value.get());
        }
        boolean closes = last.equals("}") || last.equals("]");
        if (printed.cut() && (closes || line == 0)) {
            return new TooLong();
        }
        return begins || closes ? new Broken() : new None(hasObject(text));
    }

    /** Whether a value may begin with this line, and not end with it. */
    private static boolean mayBegin(String line) {
        return !line.isEmpty()
                && (line.charAt(0) == '{' || line.charAt(0) == '[')
                && "{[,:".indexOf(line.charAt(line.length() - 1)) >= 0;
    }

    /** Whether a line is a JSON object: the last that begins as one. */
    private static boolean hasObject(String text) {
        int start = ("\n" + text).lastIndexOf("\n{");
        int end = text.indexOf('\n', Math.max(0, start));
        return start >= 0
                && parse(end < 0 ? text : text.substring(0, end), start).isPresent();
    }

    /** The rest of the text, if it is one JSON value; without copying it, as there may be many beginnings to try. */
    private static Optional<JsonNode> parse(String text, int from) {
        StringReader rest = new StringReader(text);
        try {
            long skipped = rest.skip(from);
            try (JsonParser parser = PipesMessage.READER.createParser(rest)) {
                return skipped == from ? Optional.of(PipesMessage.READER.readValue(parser)) : Optional.empty();
            }
        } catch (JsonProcessingException | NumberFormatException notJson) {
            return Optional.empty();
        } catch (IOException e) {
            throw new IllegalStateException("a text is read without input or output", e);
        }
    }
}
