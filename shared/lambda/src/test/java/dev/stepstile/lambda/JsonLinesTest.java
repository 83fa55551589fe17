package dev.stepstile.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class JsonLinesTest {
    private static JsonNode printed(LogRecord line) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        line.setInstant(Instant.parse("2026-11-29T10:00:00.123456Z"));
        new JsonLines(new PrintStream(out, false, StandardCharsets.UTF_8)).publish(line);
        String text = out.toString(StandardCharsets.UTF_8);
        assertThat(text).endsWith("}\n").doesNotContain("}\n{");
        return Json.parse(text.strip());
    }

    @Test
    void a_line_has_its_level_as_slf4j_names_it_its_message_and_its_time_to_the_millisecond() {
        JsonNode line = printed(new LogRecord(Level.FINE, "Step \"a\": braces {0} and a line\nbreak"));
        assertThat(line.path("level").asText()).isEqualTo("DEBUG");
        assertThat(line.path("message").asText()).isEqualTo("Step \"a\": braces {0} and a line\nbreak");
        assertThat(line.path("timestamp").asText()).isEqualTo("2026-11-29T10:00:00.123Z");
        assertThat(line.has("error")).isFalse();
        assertThat(printed(new LogRecord(Level.SEVERE, "x")).path("level").asText())
                .isEqualTo("ERROR");
        assertThat(printed(new LogRecord(Level.WARNING, "x")).path("level").asText())
                .isEqualTo("WARN");
        assertThat(printed(new LogRecord(Level.FINEST, "x")).path("level").asText())
                .isEqualTo("TRACE");
    }

    @Test
    void what_was_thrown_is_within_the_line_with_its_stack_and_its_cause() {
        LogRecord thrown = new LogRecord(Level.SEVERE, "failed");
        thrown.setThrown(new IllegalStateException("outer", new ArithmeticException("inner")));
        JsonNode error = printed(thrown).path("error");
        assertThat(error.path("name").asText()).isEqualTo("java.lang.IllegalStateException");
        assertThat(error.path("message").asText()).isEqualTo("outer");
        assertThat(error.path("stack").asText())
                .contains("JsonLinesTest.what_was_thrown", "Caused by: java.lang.ArithmeticException: inner");
    }
}
