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
    private long invocations;
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

    void invoked() {
        invocations++;
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
        return invocations;
    }

    /** Calls of S3. */
    long objectCalls() {
        return objectCalls;
    }
}
