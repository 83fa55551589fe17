package dev.stepstile.simulation.scheduler;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What happened, in order: time, actor, call, result. The hash is over all of it, whether or not the lines are kept. */
public final class Trace {
    private final boolean kept;
    private final List<String> lines = new ArrayList<>();
    private long hash;

    public Trace(boolean kept) {
        this.kept = kept;
    }

    public void add(long millis, String actor, String call, String result) {
        hash = mix(mix(mix(mix(hash, millis), actor.hashCode()), call.hashCode()), result.hashCode());
        if (kept) {
            Duration at = Duration.ofMillis(millis - Scheduler.START.toEpochMilli());
            lines.add(String.format("%10.3f  %-40s %s -> %s", at.toMillis() / 1000.0, actor, call, result));
        }
    }

    public long hash() {
        return hash;
    }

    public List<String> lines() {
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
