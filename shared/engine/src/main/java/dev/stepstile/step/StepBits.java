package dev.stepstile.step;

import java.util.Base64;
import java.util.BitSet;

/** An immutable set of places in a manifest: which steps have ended. Written as base64 of little-endian bits. */
public record StepBits(String base64) {
    public static final StepBits NONE = new StepBits("");

    public static StepBits of(BitSet bits) {
        return new StepBits(Base64.getEncoder().encodeToString(bits.toByteArray()));
    }

    /** A copy that the caller may change. */
    public BitSet toBitSet() {
        return BitSet.valueOf(Base64.getDecoder().decode(base64));
    }
}
