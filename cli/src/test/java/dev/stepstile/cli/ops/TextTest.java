package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is cut, and how times are told. */
class TextTest {
    @ParameterizedTest
    @CsvSource({
        "-1, 0s",
        "0.04, 0.0s",
        "9.94, 9.9s",
        "9.96, 10s",
        "59.4, 59s",
        "59.6, 1m00s",
        "185, 3m05s",
        "3599, 59m59s",
        "7980, 2h13m",
        "90000, 1d01h"
    })
    void a_duration_has_at_most_six_characters(double seconds, String told) {
        assertThat(Text.duration(seconds)).isEqualTo(told).hasSizeLessThanOrEqualTo(6);
    }

    @Test
    void a_key_is_cut_in_its_middle_because_keys_differ_at_their_ends() {
        assertThat(Text.cutMiddle("orders-2026-11-24-part-0001", 11)).isEqualTo("order…-0001");
        assertThat(Text.cutMiddle("short", 11)).isEqualTo("short");
    }

    @Test
    void a_sentence_is_cut_at_its_end() {
        assertThat(Text.cutEnd("card declined", 6)).isEqualTo("card …");
    }

    @Test
    void a_wide_character_takes_two_columns_and_is_not_halved() {
        assertThat(Text.width("日本")).isEqualTo(4);
        assertThat(Text.cutEnd("日本語です", 6)).isEqualTo("日本…");
        assertThat(Text.width(Text.cutMiddle("日本語です", 6))).isLessThanOrEqualTo(6);
    }

    @Test
    void what_would_move_a_terminals_cursor_is_not_printed() {
        assertThat(Text.clean("a\u001b[2Jb\nc\u202Ed")).isEqualTo("a\uFFFD[2Jb c\uFFFDd");
    }

    @Test
    void the_age_of_a_moment_that_is_none_is_not_told() {
        assertThat(Text.ago("", Instant.EPOCH)).isEmpty();
        assertThat(Text.ago("1970-01-01T00:00:00Z", Instant.ofEpochSecond(61))).isEqualTo("1m01s");
    }

    @Test
    void colours_are_for_terminals_that_have_them_unless_NO_COLOR_is_set() {
        assertThat(Screen.coloured(Map.of("TERM", "xterm"))).isTrue();
        assertThat(Screen.coloured(Map.of("TERM", "xterm", "NO_COLOR", ""))).isTrue();
        assertThat(Screen.coloured(Map.of("TERM", "xterm", "NO_COLOR", "1"))).isFalse();
        assertThat(Screen.coloured(Map.of("TERM", "dumb"))).isFalse();
        assertThat(Screen.coloured(Map.of())).isFalse();
    }
}
