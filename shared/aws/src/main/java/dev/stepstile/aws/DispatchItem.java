package dev.stepstile.aws;

import static dev.stepstile.aws.ItemKeys.DISPATCH_PREFIX;
import static dev.stepstile.aws.ItemKeys.NEXT_SWEEP_AT;
import static dev.stepstile.aws.ItemKeys.OPEN_BUCKET;
import static dev.stepstile.aws.ItemKeys.PK;
import static dev.stepstile.aws.ItemKeys.SK;

import dev.stepstile.codec.Json;
import dev.stepstile.codec.NotificationCodec;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Notification;
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
    private static final String READ_AT = "rt";
    private static final String EMPTY_READ_AT = "ea";
    private static final String ACT_AT = "aa";
    private static final String CANCEL_SEQ_READ = "cr";
    private static final String ENDS_READ_TO = "er";
    private static final String ATTACHED = "ac";
    private static final String REFRESHED_AT = "ra";
    private static final String REFRESH_SINCE = "rf";
    private static final String REFRESHED = "rp";
    private static final String NOTIFICATION = "no";

    private DispatchItem() {}

    static Attributes write(Dispatch dispatch) {
        Attributes item = new Attributes(ItemKeys.run(dispatch.runId()), DISPATCH_PREFIX + dispatch.dispatchId())
                .put(DIGEST, dispatch.accepted().digest())
                .put(SHARDS, dispatch.accepted().shards())
                .put(STEP_COUNT, dispatch.accepted().stepCount())
                .put(MANIFEST, MANIFEST_REFERENCE, dispatch.accepted().manifest())
                .put(CREATED_AT, dispatch.accepted().createdAt())
                .put(VALID_UNTIL, dispatch.accepted().validUntil())
                .put(SENT_AT, dispatch.sending().sentAt())
                .put(LAST_SENT_AT, dispatch.sending().lastSentAt())
                .put(RESENDS, dispatch.sending().resends())
                .put(FINISHED, bits(dispatch.progress().finished()))
                .put(FINISHED_COUNTS, dispatch.progress().finishedCounts())
                .put(OPEN_COUNTS, dispatch.progress().openCounts())
                .put(COUNTED_AT, dispatch.progress().countedAt())
                .put(VERSION, dispatch.version())
                .put(KEEP_OPEN_UNTIL, dispatch.schedule().keepOpenUntil())
                .put(NEXT_SWEEP_AT, dispatch.dueAt())
                .put(READ_AT, dispatch.progress().reading().readAt())
                .put(EMPTY_READ_AT, dispatch.progress().reading().emptyReadAt())
                .put(ACT_AT, dispatch.progress().reading().actAt())
                .put(CANCEL_SEQ_READ, dispatch.progress().reading().cancelSeq())
                .put(ENDS_READ_TO, dispatch.progress().reading().endsReadTo())
                .put(ATTACHED, dispatch.accepted().attached())
                .put(REFRESHED_AT, dispatch.refresh().since());
        RefreshProgress refresh = dispatch.refresh().soFar();
        if (refresh != null) {
            item.put(REFRESH_SINCE, refresh.since()).put(REFRESHED, bits(refresh.steps()));
        }
        Notification notification = dispatch.schedule().notification();
        if (notification != null) {
            item.put(NOTIFICATION, Json.print(NotificationCodec.write(notification)));
        }
        return dispatch.dueAt() == null ? item : item.put(OPEN_BUCKET, Integer.toString(dispatch.openBucket()));
    }

    static Dispatch read(Map<String, AttributeValue> read) {
        Attributes item = new Attributes(read);
        return new Dispatch(
                ItemKeys.dispatchId(item.text(PK), item.text(SK)),
                new Dispatch.Accepted(
                        item.text(DIGEST),
                        item.integer(SHARDS),
                        item.integer(STEP_COUNT),
                        item.payload(MANIFEST, MANIFEST_REFERENCE),
                        item.instant(CREATED_AT),
                        item.instant(VALID_UNTIL),
                        item.has(ATTACHED) ? item.integer(ATTACHED) : 0),
                new Dispatch.Sending(item.instantOrNull(SENT_AT), item.instant(LAST_SENT_AT), item.integer(RESENDS)),
                new Dispatch.Progress(
                        bits(item, FINISHED),
                        item.counts(FINISHED_COUNTS),
                        item.counts(OPEN_COUNTS),
                        item.instantOrNull(COUNTED_AT),
                        reading(item)),
                schedule(item),
                new Dispatch.Refresh(
                        item.instant(item.has(REFRESHED_AT) ? REFRESHED_AT : CREATED_AT),
                        item.has(REFRESH_SINCE)
                                ? new RefreshProgress(item.instant(REFRESH_SINCE), bits(item, REFRESHED))
                                : null),
                item.number(VERSION));
    }

    /** A closed dispatch that owes a notification is in the index by when that is tried next. */
    private static Dispatch.Schedule schedule(Attributes item) {
        Notification notification =
                item.has(NOTIFICATION) ? NotificationCodec.read(Json.parse(item.text(NOTIFICATION))) : null;
        boolean closed = notification != null && notification.closing() != null;
        return new Dispatch.Schedule(
                closed ? null : item.instantOrNull(NEXT_SWEEP_AT), item.instant(KEEP_OPEN_UNTIL), notification);
    }

    private static Dispatch.Reading reading(Attributes item) {
        return item.has(ENDS_READ_TO)
                ? new Dispatch.Reading(
                        item.instantOrNull(READ_AT),
                        item.instantOrNull(EMPTY_READ_AT),
                        item.instantOrNull(ACT_AT),
                        item.number(CANCEL_SEQ_READ),
                        item.instant(ENDS_READ_TO))
                : Dispatch.Reading.UNREAD; // a version before wrote it
    }

    private static AttributeValue bits(StepBits bits) {
        return Attributes.ofBytes(Base64.getDecoder().decode(bits.base64()));
    }

    private static StepBits bits(Attributes item, String name) {
        return new StepBits(Base64.getEncoder().encodeToString(item.bytes(name)));
    }
}
