package dev.stepstile.functions.seeded.one;

import java.util.Random;
import java.util.UUID;

/** Breaks the rules that nothing unique is made before a snapshot, and nothing is seeded there. */
public final class MintsAtInit {
    private static final Random RANDOM = new Random();
    private final String id = UUID.randomUUID().toString();

    public String next() {
        return id + RANDOM.nextInt();
    }
}
