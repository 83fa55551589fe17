package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ShardsTest {
    /** Records are stored by these numbers: a change would lose every step that is under way. CRC-32C of UTF-8, by RFC 3720. */
    @Test
    void are_the_same_for_ever() {
        assertThat(crc("123456789")).as("RFC 3720's check value").isEqualTo(0xE3069283L);
        assertThat(Shards.of("123456789", 8)).isEqualTo((int) (0xE3069283L % 8));
        for (String key : new String[] {"load", "day-2013-01-01", "a.b[c]?d~2", "", "ü漢🚀"}) {
            for (int shards : new int[] {1, 2, 8, 16, 1000}) {
                assertThat(Shards.of(key, shards)).as("%s over %d", key, shards).isEqualTo((int) (crc(key) % shards));
            }
        }
    }

    @Test
    void spread_keys_evenly() {
        int[] counts = new int[Shards.DEFAULT];
        for (int i = 0; i < 8_000; i++) {
            counts[Shards.of("step-" + i, Shards.DEFAULT)]++;
        }
        for (int count : counts) {
            assertThat(count).isBetween(850, 1_150);
        }
    }

    /** Bit by bit, as the definition has it. */
    private static long crc(String text) {
        int crc = -1;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
            }
        }
        return ~crc & 0xffffffffL;
    }
}
