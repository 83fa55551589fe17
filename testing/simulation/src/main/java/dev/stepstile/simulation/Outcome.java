package dev.stepstile.simulation;

import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Metric;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;

/**
 * What became of a simulation.
 *
 * @param violations what the auditor found, in order; empty if every guarantee held
 * @param counts what the functions counted, all together
 * @param recoveries how long after its last heartbeat each lost attempt's step was taken over
 */
public record Outcome(
        List<String> violations,
        Progress progress,
        SortedMap<Metric, Long> counts,
        List<Duration> recoveries,
        Injected faults,
        Recording record) {

    /**
     * How far it came.
     *
     * @param portCalls how many calls there were
     * @param took virtual time
     * @param accepted how many steps were accepted
     * @param ends how the steps of all runs ended
     */
    public record Progress(int portCalls, Duration took, int accepted, SortedMap<StepState.Name, Integer> ends) {}

    /**
     * The faults that were injected.
     *
     * @param kinds how many there were of each kind
     * @param places the same for those at port calls, by place: which function makes which call
     * @param all those at port calls, as faults that could be asked for
     */
    public record Injected(
            SortedMap<String, Integer> kinds, SortedMap<String, SortedMap<String, Integer>> places, Faults all) {}

    /**
     * How it went.
     *
     * @param hash of the whole trace
     * @param trace its lines, if they were kept
     */
    public record Recording(long hash, List<Timeline.Sample> samples, List<String> trace) {}
}
