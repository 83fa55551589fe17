package dev.stepstile.examples.flights;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The delays of some flights, in minutes; negative is early.
 *
 * @param count flights whose delay is known
 * @param sum of their delays
 * @param mean {@code sum / count}, to the hundredth, halves away from zero; null when nothing is known
 * @param p50 the median by nearest rank: the smallest delay that at least half of the flights do not exceed
 * @param p95 the 95th percentile by nearest rank
 * @param sorted all delays, in the text of {@link SortedDelays}
 */
public record Delays(
        int count,
        long sum,
        @Nullable Double mean,
        @Nullable Integer p50,
        @Nullable Integer p95,
        String sorted) {

    /** The figures of the delays, in any order. */
    static Delays of(int[] delays) {
        int[] sorted = delays.clone();
        Arrays.sort(sorted);
        int count = sorted.length;
        if (count == 0) {
            return new Delays(0, 0, null, null, null, "");
        }
        long sum = Arrays.stream(sorted).asLongStream().sum();
        return new Delays(
                count,
                sum,
                mean(sum, count),
                sorted[rank(50, count) - 1],
                sorted[rank(95, count) - 1],
                SortedDelays.encode(sorted));
    }

    /** The mean to the hundredth, halves away from zero, reckoned in whole numbers until the last division. */
    static double mean(long sum, int count) {
        long hundredths = (Math.abs(sum) * 200 + count) / (2L * count);
        return Long.signum(sum) * hundredths / 100.0;
    }

    /** The nearest rank of a percentile, from 1. */
    static int rank(int percent, int count) {
        return Math.toIntExact(Math.ceilDiv((long) percent * count, 100));
    }
}
