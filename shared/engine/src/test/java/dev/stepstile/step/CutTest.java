package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Texts for people, shortened. */
class CutTest {
    private static final String FACE = "\uD83D\uDE00";

    @Test
    void leaves_a_text_that_fits_as_it_is() {
        assertThat(Cut.middle("", 4)).isEmpty();
        assertThat(Cut.middle("abcd", 4)).isEqualTo("abcd");
    }

    @Test
    void leaves_out_the_middle_and_keeps_more_of_the_end() {
        assertThat(Cut.middle("abcdefghijklm", 11)).isEqualTo("abcd\u2026hijklm");
        assertThat(Cut.middle("abcde", 4)).isEqualTo("a\u2026de");
    }

    @Test
    void halves_no_character() {
        assertThat(Cut.middle("abc" + FACE + "fghijklmn", 11)).isEqualTo("abc\u2026ijklmn");
        assertThat(Cut.middle("abcdefg" + FACE + "jklmn", 11)).isEqualTo("abcd\u2026jklmn");
        assertThat(Cut.end(FACE + FACE, 3)).isEqualTo(FACE);
        assertThat(Cut.end(FACE + FACE, 2)).isEqualTo(FACE);
    }
}
