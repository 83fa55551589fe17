package dev.stepstile.port;

import dev.stepstile.step.Payload;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepState;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** One line of a run's feed. */
public sealed interface FeedEntry {
    /** In bytes of UTF-8: of a key that a position has as it is. */
    int LONGEST_KEY = 24;

    /** Of the hash that stands for a longer key. */
    int HASH_BYTES = 16;

    String stepKey();

    int attempt();

    Instant at();

    /** Where the entry is in its shard's feed; later positions sort behind (order of UTF-8 bytes). */
    String position();

    /**
     * A step ended.
     *
     * @param state UNKNOWN if the record is damaged
     * @param result the result where it is small enough to be in the record itself
     */
    record Ended(
            String stepKey, int attempt, StepState.Name state, Instant at, int pages, Payload.@Nullable Inline result)
            implements FeedEntry {
        @Override
        public String position() {
            return endedPosition(at, stepKey, attempt);
        }
    }

    /** A running attempt wrote page {@code page} of its log. */
    record PageWritten(String stepKey, int attempt, int page, Instant at) implements FeedEntry {
        @Override
        public String position() {
            return pagePosition(at, stepKey, attempt, page);
        }
    }

    /** The end of a step whose record cannot be read: its key, and what its position contains. */
    static FeedEntry unknown(String stepKey, String position) {
        return new Ended(stepKey, number(position, 0), StepState.Name.UNKNOWN, at(position), 0, null);
    }

    /**
     * The instant of a position.
     *
     * @throws DamagedData if it has none
     */
    static Instant at(String position) {
        try {
            return Instant.ofEpochMilli(Long.parseLong(position.split("#", 2)[0]));
        } catch (NumberFormatException e) {
            throw noPosition(position, e);
        }
    }

    /**
     * A number at the end of a position, 0 for the last one: a hash may stand for the key, but no key has a {@code #}.
     *
     * @throws DamagedData if there is none
     */
    static int number(String position, int fromEnd) {
        String[] parts = position.split("#", -1);
        try {
            return Integer.parseInt(parts[Math.max(0, parts.length - 1 - fromEnd)]);
        } catch (NumberFormatException e) {
            throw noPosition(position, e);
        }
    }

    private static DamagedData noPosition(String position, NumberFormatException e) {
        return new DamagedData(
                "The feed has an entry at '" + position + "', where Stepstile puts none: it was edited by hand.", e);
    }

    static String endedPosition(Instant at, String stepKey, int attempt) {
        return from(at) + "#" + brief(stepKey) + "#" + attempt;
    }

    /**
     * A short key as it is; of a longer one a hash, behind the {@code #} that no key has. A feed's cursor has a position of
     * each shard, and goes into a request line, of which API Gateway takes 10 KB with all headers.
     */
    private static String brief(String stepKey) {
        byte[] key = stepKey.getBytes(StandardCharsets.UTF_8);
        if (key.length <= LONGEST_KEY) {
            return stepKey;
        }
        byte[] hash = Arrays.copyOf(Sha256.digest(key), HASH_BYTES);
        return "#" + Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
    }

    static String pagePosition(Instant at, String stepKey, int attempt, int page) {
        return endedPosition(at, stepKey, attempt) + "#" + page;
    }

    /** The position before everything stamped {@code at} or later: 13 digits of milliseconds, good until 2286. */
    static String from(Instant at) {
        return String.format("%013d", at.toEpochMilli());
    }
}
