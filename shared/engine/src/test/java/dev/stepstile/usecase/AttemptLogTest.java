package dev.stepstile.usecase;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.Limits;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What an attempt logs, until it is in a page. */
class AttemptLogTest {
    /** With the end of its line a fifth of a page. */
    private static final String FIFTH = "x".repeat(3_071);

    private final AttemptLog log = new AttemptLog();

    private void add(int times, String line) {
        for (int i = 0; i < times; i++) {
            log.add(line);
        }
    }

    @Test
    void keeps_a_line_of_4000_characters_and_cuts_a_longer_one() {
        log.add("y".repeat(4_000));
        log.add("z".repeat(4_001));
        assertThat(log.takePage(true)).containsExactly("y".repeat(4_000), "z".repeat(4_000) + "…");
    }

    @Test
    void fills_a_page_to_its_last_byte_and_no_further() {
        add(4, FIFTH);
        assertThat(log.full()).isFalse();
        log.add(FIFTH);
        assertThat(log.full()).isTrue();
        log.add("next");
        assertThat(log.takePage(false)).hasSize(5);
        assertThat(log.full()).isFalse();
        assertThat(log.takePage(false)).containsExactly("next");
        assertThat(log.takePage(false)).isEmpty();
    }

    private List<String> everything() {
        List<String> lines = new ArrayList<>();
        List<String> page = log.takePage(true);
        while (!page.isEmpty()) {
            lines.addAll(page);
            page = log.takePage(true);
        }
        return lines;
    }

    @Test
    void holds_what_the_limit_allows_to_the_last_byte() {
        add(65, "漢".repeat(1_333)); // 4,000 bytes each
        log.add("x".repeat(Limits.LOG_BYTES - 65 * 4_000 - 1));
        assertThat(everything()).hasSize(66).noneMatch(line -> line.contains("cut"));
    }

    @Test
    void keeps_the_first_lines_and_the_last_and_tells_how_much_it_cut_between_them() {
        int first = (Limits.LOG_BYTES - Limits.LOG_ENDING_BYTES) / 1_024;
        int last = Limits.LOG_ENDING_BYTES / 1_024;
        add(first, "x".repeat(1_023));
        add(1_000, "y".repeat(1_023));
        add(last - 1, "z".repeat(1_023));
        log.add("ValueError: the cause is last" + " ".repeat(1_023 - 29));
        List<String> lines = everything();
        assertThat(lines).hasSize(first + 1 + last);
        assertThat(lines.subList(0, first)).allMatch(line -> line.startsWith("x"));
        assertThat(lines.get(first))
                .isEqualTo("[cut: 1024000 characters more were written here; an attempt's log holds 256 KB]");
        assertThat(lines.getLast()).startsWith("ValueError: the cause is last");
    }

    @Test
    void takes_no_line_once_the_attempt_has_ended() {
        log.add("in time");
        assertThat(log.takePage(true)).containsExactly("in time");
        log.add("by a thread that was left behind");
        assertThat(log.takePage(true)).isEmpty();
    }
}
