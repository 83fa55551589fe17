package dev.stepstile.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.Limits;
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

    @Test
    void holds_what_the_limit_allows_to_the_last_byte_and_tells_how_much_it_cut() {
        add(65, "漢".repeat(1_333)); // 4,000 bytes each
        log.add("x".repeat(Limits.LOG_BYTES - 65 * 4_000 - 1));
        log.add("");
        log.add("four");
        int lines = 0;
        List<String> page = log.takePage(true);
        String last = "";
        while (!page.isEmpty()) {
            lines += page.size();
            last = page.getLast();
            page = log.takePage(true);
        }
        assertThat(lines).isEqualTo(65 + 1 + 1);
        assertThat(last).isEqualTo("[cut: 6 characters more were written; an attempt's log holds 256 KB]");
    }
}
