package dev.stepstile.aws;

import static dev.stepstile.aws.ItemKeys.DISPATCH_PREFIX;
import static dev.stepstile.aws.ItemKeys.NEXT_SWEEP_AT;
import static dev.stepstile.aws.ItemKeys.OPEN_BUCKET;
import static dev.stepstile.aws.ItemKeys.PK;
import static dev.stepstile.aws.ItemKeys.SK;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.RefreshProgress;
import dev.stepstile.step.StepBits;
import java.util.Base64;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** A dispatch as an item. {@link DynamoDbStepStore} explains the names. */
final class DispatchItem {
    static final String VERSION = "v";
    private static final String DIGEST = "dg";
    private static final String SHARDS = "s";
    private static final String STEP_COUNT = "n";
    private static final String MANIFEST = "mf";
    private static final String MANIFEST_REFERENCE = "mr";
    private static final String CREATED_AT = "ca";
    private static final String VALID_UNTIL = "vu";
    private static final String SENT_AT = "se";
    private static final String LAST_SENT_AT = "ls";
    private static final String RESENDS = "rs";
    private static final String FINISHED = "f";
    private static final String FINISHED_COUNTS = "fc";
    private static final String OPEN_COUNTS = "oc";
    private static final String COUNTED_AT = "at";
    private static final String KEEP_OPEN_UNTIL = "ko";
    private static final String SWEPT_AT = "sw";
    private static final String ATTACHED = "ac";
    private static final String REFRESHED_AT = "ra";
    private static final String REFRESH_SINCE = "rf";
    private static final String REFRESHED = "rp";

    private DispatchItem() {}

    static Attributes write(Dispatch dispatch) {
        Attributes item = new Attributes(ItemKeys.run(dispatch.runId()), DISPATCH_PREFIX + dispatch.dispatchId())
                .put(DIGEST, dispatch.digest())
                .put(SHARDS, dispatch.shards())
                .put(STEP_COUNT, dispatch.stepCount())
                .put(MANIFEST, MANIFEST_REFERENCE, dispatch.manifest())
                .put(CREATED_AT, dispatch.createdAt())
                .put(VALID_UNTIL, dispatch.validUntil())
                .put(SENT_AT, dispatch.sentAt())
                .put(LAST_SENT_AT, dispatch.lastSentAt())
                .put(RESENDS, dispatch.resends())
                .put(FINISHED, bits(dispatch.finished()))
                .put(FINISHED_COUNTS, dispatch.finishedCounts())
                .put(OPEN_COUNTS, dispatch.openCounts())
                .put(COUNTED_AT, dispatch.countedAt())
                .put(VERSION, dispatch.version())
                .put(KEEP_OPEN_UNTIL, dispatch.keepOpenUntil())
                .put(NEXT_SWEEP_AT, dispatch.nextSweepAt())
                .put(SWEPT_AT, dispatch.sweptAt())
                .put(ATTACHED, dispatch.attached())
                .put(REFRESHED_AT, dispatch.refreshedAt());
        RefreshProgress refresh = dispatch.refresh();
        if (refresh != null) {
            item.put(REFRESH_SINCE, refresh.since()).put(REFRESHED, bits(refresh.steps()));
        }
        return dispatch.closed() ? item : item.put(OPEN_BUCKET, Integer.toString(dispatch.openBucket()));
    }

    static Dispatch read(Map<String, AttributeValue> read) {
        Attributes item = new Attributes(read);
        return new Dispatch(
                ItemKeys.runId(item.text(PK)),
                item.text(SK).substring(DISPATCH_PREFIX.length()),
                item.text(DIGEST),
                item.integer(SHARDS),
                item.integer(STEP_COUNT),
                item.payload(MANIFEST, MANIFEST_REFERENCE),
                item.instant(CREATED_AT),
                item.instant(VALID_UNTIL),
                item.instantOrNull(SENT_AT),
                item.instant(LAST_SENT_AT),
                item.integer(RESENDS),
                bits(item, FINISHED),
                item.counts(FINISHED_COUNTS),
                item.counts(OPEN_COUNTS),
                item.instantOrNull(COUNTED_AT),
                item.number(VERSION),
                item.instant(KEEP_OPEN_UNTIL),
                item.instantOrNull(NEXT_SWEEP_AT),
                item.instantOrNull(SWEPT_AT),
                item.has(ATTACHED) ? item.integer(ATTACHED) : 0,
                item.instant(item.has(REFRESHED_AT) ? REFRESHED_AT : CREATED_AT),
                item.has(REFRESH_SINCE)
                        ? new RefreshProgress(item.instant(REFRESH_SINCE), bits(item, REFRESHED))
                        : null);
    }

    private static AttributeValue bits(StepBits bits) {
        return Attributes.ofBytes(Base64.getDecoder().decode(bits.base64()));
    }

    private static StepBits bits(Attributes item, String name) {
        return new StepBits(Base64.getEncoder().encodeToString(item.bytes(name)));
    }
}
