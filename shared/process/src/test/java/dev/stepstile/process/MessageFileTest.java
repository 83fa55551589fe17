package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MessageFileTest {
    @TempDir
    Path folder;

    private final List<String> lines = new ArrayList<>();

    private void append(String text) throws IOException {
        Files.writeString(folder.resolve("messages"), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Test
    void hands_over_whole_lines_as_they_come_and_the_last_one_at_the_end() throws IOException {
        append("a\nb");
        try (MessageFile file = new MessageFile(folder.resolve("messages"))) {
            file.read(lines::add);
            assertThat(lines).containsExactly("a");
            append("c\nä");
            file.read(lines::add);
            assertThat(lines).containsExactly("a", "bc");
            file.readRest(lines::add);
            assertThat(lines).containsExactly("a", "bc", "ä");
        }
    }

    @Test
    void keeps_of_a_line_no_more_than_a_worker_can_hold() throws IOException {
        append("x".repeat(2 * Limits.RESULT_BYTES + 1) + "\nb\n");
        try (MessageFile file = new MessageFile(folder.resolve("messages"))) {
            file.readRest(lines::add);
        }
        assertThat(lines).extracting(String::length).containsExactly(2 * Limits.RESULT_BYTES, 1);
    }
}
