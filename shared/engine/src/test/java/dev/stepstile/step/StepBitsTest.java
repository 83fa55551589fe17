package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StepBitsTest {
    @Test
    void hold_any_set_of_places() {
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            BitSet bits = new BitSet();
            int places = random.nextInt(1, Limits.STEPS_PER_DISPATCH);
            for (int n = random.nextInt(places); n > 0; n--) {
                bits.set(random.nextInt(places));
            }
            assertThat(StepBits.of(bits).toBitSet()).isEqualTo(bits);
        }
    }

    @Test
    void are_written_little_endian_in_base64() {
        BitSet bits = new BitSet();
        bits.set(0);
        bits.set(9);
        assertThat(StepBits.of(bits).base64()).isEqualTo("AQI=");
        assertThat(StepBits.of(new BitSet())).isEqualTo(StepBits.NONE);
    }

    @Test
    void stay_within_2_kb_for_the_largest_dispatch() {
        BitSet all = new BitSet();
        all.set(0, Limits.STEPS_PER_DISPATCH);
        assertThat(StepBits.of(all).base64().length()).isLessThanOrEqualTo(2048);
    }

    @Test
    void are_not_changed_by_whoever_reads_them() {
        StepBits bits = StepBits.of(new BitSet());
        bits.toBitSet().set(3);
        assertThat(bits.toBitSet().isEmpty()).isTrue();
    }
}
