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
 * @param hash of the whole trace
 * @param portCalls how many calls there were
 * @param took virtual time
 * @param accepted how many steps were accepted
 * @param ends how the steps of all runs ended
 * @param counts what the functions counted, all together
 * @param recoveries how long after its last heartbeat each lost attempt's step was taken over
 * @param struck how often each kind of fault struck
 * @param struckAt the same for those at port calls, by place: which function makes which call
 * @param faultLog those at port calls, as faults that could be asked for
 * @param samples how it went
 * @param trace its lines, if they were kept
 */
public record Outcome(
        List<String> violations,
        long hash,
        int portCalls,
        Duration took,
        int accepted,
        SortedMap<StepState.Name, Integer> ends,
        SortedMap<Metric, Long> counts,
        List<Duration> recoveries,
        SortedMap<String, Integer> struck,
        SortedMap<String, SortedMap<String, Integer>> struckAt,
        Faults faultLog,
        List<Timeline.Sample> samples,
        List<String> trace) {}
