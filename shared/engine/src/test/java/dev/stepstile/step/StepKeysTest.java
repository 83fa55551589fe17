package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which step keys are valid, and how an invalid one is refused. */
class StepKeysTest {
    private static String key(int... characters) {
        return new String(characters, 0, characters.length);
    }

    private static void allowed(String... keys) {
        assertThat(List.of(keys))
                .allSatisfy(key -> assertThat(StepKeys.fault(key)).isNull());
    }

    @Test
    void is_any_printable_text() {
        allowed("load", "a/b.png", "two words", "?%&", "\u00E9", "e\u0301", "\u65E5\u672C", key(0x1F600), "!", "~");
    }

    @Test
    void is_not_empty() {
        assertThat(StepKeys.fault("")).isEqualTo("it is empty");
    }

    @Test
    void has_at_most_512_bytes() {
        allowed("x".repeat(512), "\u00E9".repeat(256));
        assertThat(StepKeys.fault("x".repeat(513))).isEqualTo("it has 513 bytes of UTF-8, the limit is 512");
        assertThat(StepKeys.fault("\u00E9".repeat(256) + "x")).isEqualTo("it has 513 bytes of UTF-8, the limit is 512");
    }

    @Test
    void has_no_number_sign_which_separates_keys() {
        assertThat(StepKeys.fault("a#b"))
                .isEqualTo("the character '#' (U+0023) at position 2 is not allowed, as it separates keys from what"
                        + " follows them");
    }

    @Test
    void neither_begins_nor_ends_with_a_blank() {
        assertThat(StepKeys.fault(" a"))
                .isEqualTo("the blank U+0020 at position 1 is not allowed, as a key neither begins nor ends with a"
                        + " blank");
        assertThat(StepKeys.fault("a\u00A0")).startsWith("the blank U+00A0 at position 2 is not allowed, as");
        assertThat(StepKeys.fault("a" + key(0xFEFF))).startsWith("the blank U+FEFF at position 2");
        assertThat(StepKeys.fault(" ")).startsWith("the blank U+0020 at position 1");
    }

    @Test
    void counts_positions_in_characters_not_in_halves_of_them() {
        assertThat(StepKeys.fault(key(0x1F600) + "#")).contains("at position 2 ");
        assertThat(StepKeys.fault(key(0x1F600) + "b" + " ")).contains("at position 3 ");
    }

    @Test
    void has_no_control_line_break_or_half_of_a_pair() {
        for (int character : new int[] {0x00, 0x09, 0x0A, 0x1F, 0x7F, 0x85, 0x2028, 0x2029}) {
            String fault = StepKeys.fault("a" + key(character) + "b");
            assertThat(fault).isEqualTo("the character U+%04X at position 2 is not allowed", character);
        }
        assertThat(StepKeys.fault("a\uD83Db")).isEqualTo("the character U+D83D at position 2 is not allowed");
        assertThat(StepKeys.fault("\uDE00b")).isEqualTo("the character U+DE00 at position 1 is not allowed");
    }

    @Test
    void has_nothing_that_turns_the_direction_of_a_line() {
        for (int character : new int[] {0x202A, 0x202C, 0x202E, 0x2066, 0x2067, 0x2069}) {
            assertThat(StepKeys.fault("a" + key(character) + "b"))
                    .isEqualTo("the character U+%04X at position 2 is not allowed", character);
        }
        allowed("a" + key(0x2027) + "b", "a" + key(0x202F) + "b", "a" + key(0x2065) + "b", "a" + key(0x206A) + "b");
    }

    @Test
    void has_nothing_that_never_will_be_a_character() {
        for (int character : new int[] {0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF, 0xFDD0, 0xFDE0, 0xFDEF}) {
            assertThat(StepKeys.fault(key(character)))
                    .isEqualTo("the character U+%04X at position 1 is not allowed", character);
        }
        allowed(key(0xFDCF), key(0xFDF0), key(0xFFFD), key(0x1FFFD));
    }
}
