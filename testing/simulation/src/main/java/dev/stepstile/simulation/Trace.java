package dev.stepstile.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What happened, in order: time, actor, call, result. The hash is over all of it, whether or not the lines are kept. */
final class Trace {
    private final boolean kept;
    private final List<String> lines = new ArrayList<>();
    private long hash;

    Trace(boolean kept) {
        this.kept = kept;
    }

    void add(long millis, String actor, String call, String result) {
        hash = mix(mix(mix(mix(hash, millis), actor.hashCode()), call.hashCode()), result.hashCode());
        if (kept) {
            Duration at = Duration.ofMillis(millis - Scheduler.START.toEpochMilli());
            lines.add(String.format("%10.3f  %-40s %s -> %s", at.toMillis() / 1000.0, actor, call, result));
        }
    }

    long hash() {
        return hash;
    }

    List<String> lines() {
        return lines;
    }

    /** A step of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
    private static long mix(long hash, long value) {
        long z = (hash ^ value) + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
