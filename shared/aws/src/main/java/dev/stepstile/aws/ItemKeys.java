package dev.stepstile.aws;

import dev.stepstile.step.DispatchId;
import dev.stepstile.step.StepId;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** Where items lie. Ids exclude {@code #}, so that it can part them. */
final class ItemKeys {
    static final String PK = "pk";
    static final String SK = "sk";
    static final String FEED_PK = "feedPk";
    static final String FEED_SK = "feedSk";
    static final String OPEN_BUCKET = "openBucket";
    static final String NEXT_SWEEP_AT = "nextSweepAt";
    static final String OPEN_INDEX = "open";
    static final String FEED_INDEX = "feed";

    static final String RUN_SK = "run";
    static final String DISPATCH_PREFIX = "dispatch#";
    static final String REDRIVE_PREFIX = "redrive#";
    private static final String RUN_PREFIX = "run#";

    /** One write a run: this many partitions of the list of runs take 4,000 new runs a second. A page queries each of them. */
    static final int RUN_BUCKETS = 4;

    private ItemKeys() {}

    /** A partition of the list of runs, in the index of the feed. */
    static String runs(int bucket) {
        return "runs#" + bucket;
    }

    static String run(String runId) {
        return RUN_PREFIX + runId;
    }

    static String shard(String runId, int shard) {
        return RUN_PREFIX + runId + "#" + shard;
    }

    static String pages(String runId, int shard) {
        return shard(runId, shard) + "#pages";
    }

    static String pagePrefix(String stepKey, int attempt) {
        return stepKey + "#" + attempt + "#";
    }

    static String page(String stepKey, int attempt, int number) {
        return pagePrefix(stepKey, attempt) + String.format("%06d", number);
    }

    /** The step of a record or a page: no step key has a {@code #}. */
    static String stepKey(String sk) {
        int end = sk.indexOf('#');
        return end < 0 ? sk : sk.substring(0, end);
    }

    static Map<String, AttributeValue> of(String pk, String sk) {
        return Map.of(PK, Attributes.ofText(pk), SK, Attributes.ofText(sk));
    }

    static Map<String, AttributeValue> record(StepId id, int shard) {
        return of(shard(id.runId(), shard), id.stepKey());
    }

    /** The run of a record, a dispatch or a page. */
    static String runId(String pk) {
        int end = pk.indexOf('#', RUN_PREFIX.length());
        return end < 0 ? pk.substring(RUN_PREFIX.length()) : pk.substring(RUN_PREFIX.length(), end);
    }

    /** The shard of a record. */
    static int shardOf(String pk) {
        return Integer.parseInt(pk.substring(pk.indexOf('#', RUN_PREFIX.length()) + 1));
    }

    static DispatchId dispatchId(String pk, String sk) {
        return new DispatchId(runId(pk), sk.substring(DISPATCH_PREFIX.length()));
    }
}
