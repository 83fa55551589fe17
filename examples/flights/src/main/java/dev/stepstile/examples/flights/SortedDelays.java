package dev.stepstile.examples.flights;

import java.util.Arrays;

/**
 * Delays in a compact text, so that days can be merged exactly: sorted, each written as its gap from the one before, the
 * first from {@value #LOWEST}. A gap of 0 to 61 minutes is one character of {@code 0-9A-Za-z}; each {@code ~} before it
 * adds 62. That is about one character for each flight.
 */
final class SortedDelays {
    /** In minutes; nothing leaves or arrives earlier than this. The earliest arrival of 2013 is at -86. */
    static final int LOWEST = -100;

    private static final String DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final char CARRY = '~';

    private SortedDelays() {}

    static String encode(int[] sorted) {
        StringBuilder text = new StringBuilder(sorted.length + 32);
        int before = LOWEST;
        for (int delay : sorted) {
            int gap = delay - before;
            if (gap < 0) {
                throw new IllegalArgumentException("a delay of " + delay + " minutes follows " + before);
            }
            text.repeat(CARRY, gap / DIGITS.length()).append(DIGITS.charAt(gap % DIGITS.length()));
            before = delay;
        }
        return text.toString();
    }

    /** The reverse of {@link #encode}; an {@link IllegalArgumentException} for a text that it cannot have written. */
    static int[] decode(String text) {
        int[] delays = new int[text.length()];
        int count = 0;
        int delay = LOWEST;
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            if (character == CARRY) {
                delay += DIGITS.length();
                continue;
            }
            int gap = DIGITS.indexOf(character);
            if (gap < 0) {
                throw new IllegalArgumentException("'" + character + "' is no gap between delays");
            }
            delay += gap;
            delays[count++] = delay;
        }
        return Arrays.copyOf(delays, count);
    }
}
