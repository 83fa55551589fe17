package dev.stepstile.step;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** Spreads the steps of a run over partitions: one DynamoDB partition takes 1,000 write units a second. */
public final class Shards {
    public static final int DEFAULT = 8;
    /** The sweeper's buckets of open dispatches. */
    public static final int OPEN_BUCKETS = 16;

    private Shards() {}

    /** The shard of a step key, 0 to {@code shards - 1}; the same for ever and in every language (CRC-32C of UTF-8). */
    public static int of(String stepKey, int shards) {
        CRC32C crc = new CRC32C();
        crc.update(stepKey.getBytes(StandardCharsets.UTF_8));
        return (int) (crc.getValue() % shards);
    }
}
