package dev.stepstile.simulation;

import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How often port calls go wrong by chance, each a share of all calls.
 *
 * @param pause how long a paused process stands still
 */
public record Weather(double crash, double fail, double loseResponse, double duplicate, double pauses, Duration pause) {
    public static final Weather CALM = new Weather(0, 0, 0, 0, 0, Duration.ZERO);

    boolean calm() {
        return crash + fail + loseResponse + duplicate + pauses == 0;
    }

    @Nullable
    Fault strike(RandomGenerator random) {
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
        return dice < pauses ? new Fault.Pause(pause) : null;
    }
}
