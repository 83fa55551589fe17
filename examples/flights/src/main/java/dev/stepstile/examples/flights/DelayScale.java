package dev.stepstile.examples.flights;

import java.util.ArrayList;
import java.util.List;

/** The seven colours of a mean departure delay; the style sheet says what they look like in the light and in the dark. */
final class DelayScale {
    /** Where a colour ends and the next begins, in minutes. */
    private static final int[] BOUNDS = {0, 5, 10, 20, 40, 60};

    private DelayScale() {}

    /** The style class of a mean delay. */
    static String colour(double meanMinutes) {
        int colour = 0;
        while (colour < BOUNDS.length && meanMinutes >= BOUNDS[colour]) {
            colour++;
        }
        return "d" + colour;
    }

    /** What each colour stands for, from early to late. */
    static List<String> labels() {
        List<String> labels = new ArrayList<>();
        labels.add("early");
        for (int bound = 1; bound < BOUNDS.length; bound++) {
            labels.add(BOUNDS[bound - 1] + "–" + BOUNDS[bound]);
        }
        labels.add(BOUNDS[BOUNDS.length - 1] + " and more");
        return labels;
    }
}
