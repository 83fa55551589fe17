package dev.stepstile.cli.demo;

import dev.stepstile.stackfaults.Faults;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The days whose flights are processed, a step for each.
 *
 * @param all the days of 2013
 * @param poisoned the days whose steps kill every worker that runs them
 */
record FlightDays(List<String> all, Set<String> poisoned) {

    static FlightDays of(Faults faults) {
        List<String> all = LocalDate.of(2013, 1, 1)
                .datesUntil(LocalDate.of(2014, 1, 1))
                .map(LocalDate::toString)
                .toList();
        SplittableRandom random = new SplittableRandom(faults.seed());
        Set<String> poisoned = new TreeSet<>();
        while (poisoned.size() < Math.min(faults.poison(), all.size())) {
            poisoned.add(all.get(random.nextInt(all.size())));
        }
        return new FlightDays(all, poisoned);
    }

    /** The key of a day's step. */
    static String key(String day) {
        return "day[" + day + "]";
    }

    List<String> keys() {
        return all.stream().map(FlightDays::key).toList();
    }

    Set<String> poisonedKeys() {
        return poisoned.stream().map(FlightDays::key).collect(Collectors.toCollection(TreeSet::new));
    }
}
