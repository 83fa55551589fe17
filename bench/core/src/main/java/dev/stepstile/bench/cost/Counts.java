package dev.stepstile.bench.cost;

import dev.stepstile.simulatedaws.MeteredTable;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** What was consumed so far. Only actors of one scheduler count, one at a time. */
final class Counts {
    private final SortedMap<Cause, Double> readUnits = new TreeMap<>();
    private final SortedMap<Cause, Double> writeUnits = new TreeMap<>();
    private final SortedMap<QueueCall, Long> queueCalls = new TreeMap<>();
    private final SortedMap<Cause.Function, Long> invocations = new TreeMap<>();
    private final SortedMap<Cause.Function, Long> millis = new TreeMap<>();
    private long objectCalls;

    /** What is asked of SQS. */
    enum QueueCall {
        SEND,
        RECEIVE,
        EMPTY_RECEIVE,
        DELETE,
        CHANGE_VISIBILITY,
        ESTIMATE
    }

    void used(Cause cause, MeteredTable.Use use) {
        readUnits.merge(cause, use.readUnits(), Double::sum);
        writeUnits.merge(cause, use.allWriteUnits(), Double::sum);
    }

    void called(QueueCall call) {
        queueCalls.merge(call, 1L, Long::sum);
    }

    void invoked(Cause.Function function) {
        invocations.merge(function, 1L, Long::sum);
    }

    /** How long an invocation ran, without the start of its environment. */
    void ran(Cause.Function function, long forMillis) {
        millis.merge(function, forMillis, Long::sum);
    }

    void calledObjects() {
        objectCalls++;
    }

    double reads(Cause cause) {
        return readUnits.getOrDefault(cause, 0.0);
    }

    double writes(Cause cause) {
        return writeUnits.getOrDefault(cause, 0.0);
    }

    double allReads() {
        return sum(readUnits);
    }

    double allWrites() {
        return sum(writeUnits);
    }

    private static double sum(SortedMap<Cause, Double> units) {
        return units.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    SortedMap<QueueCall, Long> queueCalls() {
        return Collections.unmodifiableSortedMap(queueCalls);
    }

    /** Without those that found the queue empty: they are made whether or not steps run. */
    long queueRequests() {
        return queueCalls.entrySet().stream()
                .filter(call -> call.getKey() != QueueCall.EMPTY_RECEIVE)
                .mapToLong(java.util.Map.Entry::getValue)
                .sum();
    }

    long invocations() {
        return invocations.values().stream().mapToLong(Long::longValue).sum();
    }

    long invocations(Cause.Function function) {
        return invocations.getOrDefault(function, 0L);
    }

    /** How long a function's invocations ran, all together. */
    double seconds(Cause.Function function) {
        return millis.getOrDefault(function, 0L) / 1000.0;
    }

    /** Calls of S3. */
    long objectCalls() {
        return objectCalls;
    }
}
