package dev.stepstile.bench.plan;

/**
 * How many invocations Lambda runs at once while messages wait.
 *
 * @param start at once
 * @param aMinute how many more after each minute
 * @param most at last; as many from the beginning if {@code start} is as large
 */
record Ramp(double start, double aMinute, double most) {
    /** The seconds until so many invocation-seconds are worked off: the integral of what runs at once. */
    double secondsFor(double work) {
        if (start >= most) {
            return work / most;
        }
        double aSecond = aMinute / 60;
        double rising = (most - start) / aSecond;
        double workWhileRising = rising * (start + most) / 2;
        if (work <= workWhileRising) {
            return (Math.sqrt(start * start + 2 * aSecond * work) - start) / aSecond;
        }
        return rising + (work - workWhileRising) / most;
    }
}
