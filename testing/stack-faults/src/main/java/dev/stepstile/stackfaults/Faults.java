package dev.stepstile.stackfaults;

import dev.stepstile.step.Shards;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Faults to be injected into a stack.
 *
 * @param crash how likely an attempt's worker dies in the middle, 0 to 1
 * @param duplicate how likely a message arrives twice, 0 to 1
 * @param poison how many steps kill every worker that runs them
 * @param seed which attempts, messages and steps that hits
 */
public record Faults(double crash, double duplicate, int poison, long seed) {
    public static final Faults NONE = new Faults(0, 0, 0, 0);

    /** Reads {@code crash=0.05,duplicate=0.1,poison=2,seed=1}. */
    public static Faults parse(String text) {
        double crash = 0;
        double duplicate = 0;
        int poison = 0;
        long seed = 1;
        for (String part : text.split(",", -1)) {
            String[] pair = part.strip().split("=", 2);
            try {
                String value = pair.length == 2 ? pair[1].strip() : "";
                switch (pair[0].strip().toLowerCase(Locale.ROOT)) {
                    case "crash" -> crash = share(value);
                    case "duplicate" -> duplicate = share(value);
                    case "poison" -> poison = Integer.parseInt(value);
                    case "seed" -> seed = Long.parseLong(value);
                    default -> throw unknown(part);
                }
            } catch (NumberFormatException e) {
                throw unknown(part);
            }
        }
        if (poison < 0) {
            throw unknown("poison=" + poison);
        }
        return new Faults(crash, duplicate, poison, seed);
    }

    private static double share(String value) {
        double share = Double.parseDouble(value);
        if (!(share >= 0 && share <= 1)) {
            throw new NumberFormatException(value);
        }
        return share;
    }

    private static IllegalArgumentException unknown(String part) {
        return new IllegalArgumentException(
                "'" + part.strip()
                        + "' is not a fault; expected crash=SHARE,duplicate=SHARE,poison=COUNT[,seed=N], with shares from 0 to 1.");
    }

    @Override
    public String toString() {
        return "crash=" + crash + ",duplicate=" + duplicate + ",poison=" + poison + ",seed=" + seed;
    }

    public boolean any() {
        return crash > 0 || duplicate > 0 || poison > 0;
    }

    /** Whether this attempt's worker dies. The same seed gives the same answer. */
    boolean crashes(String stepKey, int attempt) {
        return new SplittableRandom(seed * 31 + Shards.of(stepKey + "#" + attempt, Integer.MAX_VALUE)).nextDouble()
                < crash;
    }
}
