package dev.stepstile.simulation.faults;

import dev.stepstile.simulation.scheduler.SimulatedProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** What went wrong in a run: which fault at which call, how often each kind, and where. */
public final class FaultLog {
    private final List<Faults.Injection> all = new ArrayList<>();
    private final SortedMap<String, Integer> counts = new TreeMap<>();
    private final SortedMap<String, SortedMap<String, Integer>> places = new TreeMap<>();
    private final List<Long> times = new ArrayList<>();
    private final List<Long> pausesSoFar = new ArrayList<>();
    private FullDisk fullDisk = FullDisk.NEVER;
    private int total;

    void injected(SimulatedProcess process, int call, String description, Fault fault) {
        count(fault.name());
        all.add(new Faults.Injection(null, call, fault));
        places.computeIfAbsent(place(process, description), place -> new TreeMap<>())
                .merge(fault.name(), 1, Integer::sum);
    }

    /** Which function makes which call: {@code step store.write SUCCEEDED}. */
    private static String place(SimulatedProcess process, String description) {
        String name = process.name();
        int number = name.lastIndexOf('-');
        String function = number < 0 ? name : name.substring(0, number);
        String[] words = description.split(" ", -1);
        String written = words[0].equals("store.write") ? " " + words[2] : "";
        String closed = words[0].equals("store.replace") && description.endsWith(" closed") ? " closed" : "";
        return function + " " + words[0] + written + closed;
    }

    public void count(String what) {
        counts.merge(what, 1, Integer::sum);
        total++;
    }

    /** Records that something went wrong at this time, and stopped a process for {@code pause}. */
    public void delayed(long millis, Duration pause) {
        long before = pausesSoFar.isEmpty() ? 0 : pausesSoFar.getLast();
        times.add(millis);
        pausesSoFar.add(before + pause.toMillis());
    }

    void fillDisks(FullDisk window) {
        fullDisk = window;
    }

    /** The delay that a full disk may have caused in this time: its part of the window, and one sweep that failed in it. */
    public long fullCost(long since, long now, long sweep) {
        long full = fullDisk.millisBetween(since, now);
        return full == 0 ? 0 : full + sweep;
    }

    /** The delay that faults since then may have caused: {@code each} for every fault, plus the pauses. A fault at {@code since} counts. */
    public long costSince(long since, long each) {
        int first = Collections.binarySearch(times, since - 1);
        first = first < 0 ? -first - 1 : first;
        if (first == times.size()) {
            return 0;
        }
        long before = first == 0 ? 0 : pausesSoFar.get(first - 1);
        return (times.size() - first) * each + pausesSoFar.getLast() - before;
    }

    public int total() {
        return total;
    }

    /** The faults at calls, in the form in which they can be requested. */
    public Faults all() {
        return Faults.of(all);
    }

    /** How often each kind. */
    public SortedMap<String, Integer> counts() {
        return counts;
    }

    /** How often each kind of those at calls, by place. */
    public SortedMap<String, SortedMap<String, Integer>> places() {
        return places;
    }
}
