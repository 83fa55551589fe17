package dev.stepstile.simulation.faults;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How often port calls go wrong by chance, each a share of all calls.
 *
 * @param pause how long a paused process stands still
 * @param partial the share of batches of which the service takes a part alone
 */
public record FaultProfile(
        double crash,
        double fail,
        double loseResponse,
        double duplicate,
        double pauses,
        Duration pause,
        double partial) {
    private static final Duration BEYOND_LEASE = Duration.ofSeconds(100);
    public static final FaultProfile CALM = new FaultProfile(0, 0, 0, 0, 0, Duration.ZERO, 0);

    private static final SortedMap<String, FaultProfile> NAMED = new TreeMap<>(Map.of(
            "none",
            CALM,
            "light",
            new FaultProfile(0.0002, 0.001, 0.001, 0.001, 0.0001, BEYOND_LEASE, 0.005),
            "rough",
            new FaultProfile(0.01, 0.01, 0.01, 0.01, 0.005, BEYOND_LEASE, 0.05)));

    public boolean calm() {
        return crash + fail + loseResponse + duplicate + pauses + partial == 0;
    }

    /**
     * Reads {@code none}, {@code light}, {@code rough}, or shares like {@code crash=0.001,fail=0.01,lost=0.01,duplicate=0.01,pause=0.001,partial=0.01}.
     *
     * @throws IllegalArgumentException if it is something else, with what it may be
     */
    public static FaultProfile parse(String text) {
        FaultProfile named = NAMED.get(text);
        if (named != null) {
            return named;
        }
        SortedMap<String, Double> shares = new TreeMap<>(
                Map.of("crash", 0.0, "fail", 0.0, "lost", 0.0, "duplicate", 0.0, "pause", 0.0, "partial", 0.0));
        for (String each : text.split(",", -1)) {
            int equals = each.indexOf('=');
            String name = equals < 0 ? each : each.substring(0, equals);
            if (equals < 0 || shares.replace(name, share(each.substring(equals + 1))) == null) {
                throw new IllegalArgumentException("'" + each + "' is no kind of fault; say "
                        + String.join(", ", NAMED.keySet()) + ", or shares of all calls like crash=0.001,fail=0.01: "
                        + String.join(", ", shares.keySet()) + ".");
            }
        }
        return new FaultProfile(
                shares.getOrDefault("crash", 0.0),
                shares.getOrDefault("fail", 0.0),
                shares.getOrDefault("lost", 0.0),
                shares.getOrDefault("duplicate", 0.0),
                shares.getOrDefault("pause", 0.0),
                BEYOND_LEASE,
                shares.getOrDefault("partial", 0.0));
    }

    private static double share(String text) {
        try {
            double share = Double.parseDouble(text);
            if (share >= 0 && share <= 1) {
                return share;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' is no number between 0 and 1.", e);
        }
        throw new IllegalArgumentException("'" + text + "' is no number between 0 and 1.");
    }

    /** As {@link #parse} reads it. */
    public String text() {
        for (Map.Entry<String, FaultProfile> each : NAMED.entrySet()) {
            if (each.getValue().equals(this)) {
                return each.getKey();
            }
        }
        return String.format(
                Locale.ROOT,
                "crash=%s,fail=%s,lost=%s,duplicate=%s,pause=%s,partial=%s",
                crash,
                fail,
                loseResponse,
                duplicate,
                pauses,
                partial);
    }

    /** @param batch whether a part of the call can be taken */
    @Nullable
    Fault draw(RandomGenerator random, boolean batch) {
        if (calm()) {
            return null;
        }
        double dice = random.nextDouble();
        if (dice < crash) {
            return dice < crash / 2 ? new Fault.CrashBefore() : new Fault.CrashAfter();
        }
        dice -= crash;
        if (dice < fail) {
            return new Fault.Fail();
        }
        dice -= fail;
        if (dice < loseResponse) {
            return new Fault.LoseResponse();
        }
        dice -= loseResponse;
        if (dice < duplicate) {
            return new Fault.Duplicate();
        }
        dice -= duplicate;
        if (dice < pauses) {
            return new Fault.Pause(pause);
        }
        return batch && dice - pauses < partial ? new Fault.Partial() : null;
    }
}
