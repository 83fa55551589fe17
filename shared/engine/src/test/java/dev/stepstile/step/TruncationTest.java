package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Texts for people, shortened. */
class TruncationTest {
    private static final String FACE = "\uD83D\uDE00";

    @Test
    void leaves_a_text_that_fits_as_it_is() {
        assertThat(Truncation.middle("", 4)).isEmpty();
        assertThat(Truncation.middle("abcd", 4)).isEqualTo("abcd");
    }

    @Test
    void leaves_out_the_middle_and_keeps_more_of_the_end() {
        assertThat(Truncation.middle("abcdefghijklm", 11)).isEqualTo("abcd\u2026hijklm");
        assertThat(Truncation.middle("abcde", 4)).isEqualTo("a\u2026de");
    }

    @Test
    void halves_no_character() {
        assertThat(Truncation.middle("abc" + FACE + "fghijklmn", 11)).isEqualTo("abc\u2026ijklmn");
        assertThat(Truncation.middle("abcdefg" + FACE + "jklmn", 11)).isEqualTo("abcd\u2026jklmn");
        assertThat(Truncation.end(FACE + FACE, 3)).isEqualTo(FACE);
        assertThat(Truncation.end(FACE + FACE, 2)).isEqualTo(FACE);
    }
}
