package dev.stepstile.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** What went wrong in a run, and was not asked for by its number: which fault at which call, and how often each kind. */
final class Strikes {
    private final List<Faults.Struck> all = new ArrayList<>();
    private final SortedMap<String, Integer> counts = new TreeMap<>();
    private int total;

    void struck(int call, Fault fault) {
        count(fault.name());
        all.add(new Faults.Struck(null, call, fault));
    }

    void count(String what) {
        counts.merge(what, 1, Integer::sum);
        total++;
    }

    /** As they would be asked for. */
    Faults all() {
        return Faults.of(all);
    }

    int total() {
        return total;
    }

    SortedMap<String, Integer> counts() {
        return counts;
    }
}
