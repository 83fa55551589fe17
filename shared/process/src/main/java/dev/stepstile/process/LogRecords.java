package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import java.util.Optional;

/**
 * Lines of an attempt's log. What was printed on standard output is plain text; all else is a record: the character
 * U+001E, then JSON in one line (RFC 7464).
 */
final class LogRecords {
    private static final char RECORD = '\u001E';

    /** So many characters of a line are kept. A record that was cut would not be JSON any more. */
    private static final int LINE = 3_900;

    private LogRecords() {}

    static String stdout(String line) {
        return !line.isEmpty() && line.charAt(0) == RECORD ? '␞' + line.substring(1) : line;
    }

    static String stderr(String line) {
        return fitting(line, text -> Json.object().put("stderr", text));
    }

    static String log(String level, String message) {
        return fitting(
                message,
                text -> Json.object()
                        .set("log", Json.object().put("level", level).put("message", text)));
    }

    /** Empty if it is too long to be shown while the step runs. */
    static Optional<String> live(JsonNode value) {
        String record = RECORD + Json.print(Json.object().set("live", value));
        return record.length() > LINE ? Optional.empty() : Optional.of(record);
    }

    private interface Form {
        JsonNode with(String text);
    }

    private static String fitting(String text, Form form) {
        int keep = Math.min(text.length(), LINE);
        String record = RECORD + Json.print(form.with(keep < text.length() ? text.substring(0, keep) + "…" : text));
        while (record.length() > LINE) { // escapes may take six characters for one
            keep -= Math.max(1, (record.length() - LINE) / 6);
            record = RECORD + Json.print(form.with(text.substring(0, keep) + "…"));
        }
        return record;
    }
}
