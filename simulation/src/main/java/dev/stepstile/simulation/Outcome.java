package dev.stepstile.simulation;

import java.time.Duration;
import java.util.List;

/**
 * What became of a simulation.
 *
 * @param violations what the auditor found, in order; empty if every guarantee held
 * @param hash of the whole trace
 * @param portCalls how many calls there were
 * @param took virtual time
 * @param recoveries how long after its last sign of life each lost attempt's step was taken over
 * @param trace its lines, if they were kept
 */
public record Outcome(
        List<String> violations,
        long hash,
        int portCalls,
        Duration took,
        List<Duration> recoveries,
        List<String> trace) {}
