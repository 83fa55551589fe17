package dev.stepstile.bench.cost;

/**
 * What was counted, for one step or for one hour.
 *
 * @param queueRequests requests of SQS that found something
 * @param emptyReceives requests of SQS that did not
 * @param step the step function
 * @param others the other three functions
 */
public record Consumption(
        Units units, double queueRequests, double emptyReceives, double objectCalls, Work step, Work others) {
    /** What an invocation logs: an estimate, for its start, its end and its metrics. */
    public static final double LOG_GB_AN_INVOCATION = 1e-6;

    /** Units of DynamoDB. */
    public record Units(double written, double read) {}

    /**
     * What functions did.
     *
     * @param seconds of all invocations together, without computing: virtual time has only calls and sleeps
     */
    public record Work(double invocations, double seconds) {}

    /** Bytes in the table, in its indexes and in the bucket, as they are charged. */
    public record Stored(double inTable, double inIndexes, double inObjects) {
        Stored times(double factor) {
            return new Stored(inTable * factor, inIndexes * factor, inObjects * factor);
        }
    }

    static Consumption of(Counts counts, double divisor) {
        double others = counts.invocations() - counts.invocations(Cause.Function.STEP);
        double otherSeconds = 0;
        for (Cause.Function function : Cause.Function.values()) {
            otherSeconds += function == Cause.Function.STEP ? 0 : counts.seconds(function);
        }
        return new Consumption(
                new Units(counts.allWrites() / divisor, counts.allReads() / divisor),
                counts.queueRequests() / divisor,
                counts.queueCalls().getOrDefault(Counts.QueueCall.EMPTY_RECEIVE, 0L) / divisor,
                counts.objectCalls() / divisor,
                new Work(
                        counts.invocations(Cause.Function.STEP) / divisor,
                        counts.seconds(Cause.Function.STEP) / divisor),
                new Work(others / divisor, otherSeconds / divisor));
    }
}
