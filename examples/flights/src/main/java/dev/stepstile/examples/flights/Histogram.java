package dev.stepstile.examples.flights;

import java.util.Arrays;

/** How many flights had each delay: what merges exactly where means and percentiles do not. */
final class Histogram {
    private int[] flightsByDelay = new int[0];
    private int count;
    private long sum;

    /** Adds a day's delays; an {@link IllegalArgumentException} if their list is not what their count and sum say. */
    void add(Delays delays) {
        int[] list = SortedDelays.decode(delays.sorted());
        long listSum = Arrays.stream(list).asLongStream().sum();
        if (list.length != delays.count() || listSum != delays.sum()) {
            throw new IllegalArgumentException("lists %d delays of %d minutes together, but states %d of %d"
                    .formatted(list.length, listSum, delays.count(), delays.sum()));
        }
        for (int delay : list) {
            int bin = delay - SortedDelays.LOWEST;
            if (bin >= flightsByDelay.length) {
                flightsByDelay = Arrays.copyOf(flightsByDelay, bin + 100);
            }
            flightsByDelay[bin]++;
        }
        count += list.length;
        sum += listSum;
    }

    int count() {
        return count;
    }

    long sum() {
        return sum;
    }

    /** To the hundredth, as {@link Delays#mean}; not to be asked of an empty histogram. */
    double mean() {
        return Delays.mean(sum, count);
    }

    /** The percentile by nearest rank; not to be asked of an empty histogram. */
    int percentile(int percent) {
        int left = Delays.rank(percent, count);
        for (int bin = 0; bin < flightsByDelay.length; bin++) {
            left -= flightsByDelay[bin];
            if (left <= 0) {
                return bin + SortedDelays.LOWEST;
            }
        }
        throw new IllegalStateException("An empty histogram has no percentile");
    }

    /** How many flights were late by more than this. */
    int above(int delay) {
        int from = Math.min(delay - SortedDelays.LOWEST + 1, flightsByDelay.length);
        return Arrays.stream(flightsByDelay, from, flightsByDelay.length).sum();
    }
}
