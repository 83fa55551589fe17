package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** SHA-256, in hexadecimal digits. */
class Sha256Test {
    @Test
    void is_the_one_of_the_standard() {
        String abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assertThat(Sha256.hex("abc")).isEqualTo(abc);
        assertThat(Sha256.hex("abc".getBytes(StandardCharsets.UTF_8))).isEqualTo(abc);
    }

    @Test
    void of_a_text_is_that_of_its_utf_8() {
        assertThat(Sha256.hex("é")).isEqualTo(Sha256.hex(new byte[] {(byte) 0xC3, (byte) 0xA9}));
    }
}
