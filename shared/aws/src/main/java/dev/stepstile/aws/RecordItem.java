package dev.stepstile.aws;

import static dev.stepstile.aws.ItemKeys.FEED_PK;
import static dev.stepstile.aws.ItemKeys.FEED_SK;
import static dev.stepstile.aws.ItemKeys.PK;
import static dev.stepstile.aws.ItemKeys.SK;

import dev.stepstile.port.FeedEntry;
import dev.stepstile.step.Attempts;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Origin;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepState;
import dev.stepstile.step.TraceParent;
import dev.stepstile.step.Window;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/** A record as an item, and as an entry of the feed index. {@link DynamoDbStepStore} explains the names. */
final class RecordItem {
    static final String STATE = "state";
    static final String ATTEMPT = "attempt";
    static final String PAGES = "pages";
    static final String RESULT = "result";
    static final String OWNER = "o";
    static final String CANCEL_SEQ = "c";
    static final String DEADLINE = "l";
    private static final String RESULT_REFERENCE = "r";
    private static final String BUDGET_FROM = "b";
    private static final String CREATED_AT = "ca";
    private static final String STARTED_AT = "sa";
    private static final String FINISHED_AT = "fa";
    private static final String BURIED_AT = "ba";
    private static final String NOT_BEFORE = "nb";
    static final String CANCEL_REQUESTED = "x";
    private static final String ERROR_KIND = "ek";
    private static final String ERROR = "em";
    private static final String DISPATCH_ID = "d";
    private static final String INDEX = "i";
    private static final String HANDLER = "h";
    private static final String MAX_ATTEMPTS = "m";
    private static final String BACKOFF_BASE = "rb";
    private static final String BACKOFF_CAP = "rc";
    private static final String RETRY_ON = "ro";
    private static final String RETRY_NEVER = "rn";
    private static final String TIMEOUT = "t";
    private static final String FROM = "wf";
    private static final String UNTIL = "wu";
    private static final String HISTORY = "y";
    private static final String GIVEN_INPUT = "gi";
    private static final String GIVEN_INPUT_REFERENCE = "gr";
    private static final String REDRIVEN_BY = "rd";
    private static final String TRACE = "tp";
    private static final String SPAN_TAGS = "st";

    private RecordItem() {}

    static Attributes write(StepRecord record) {
        String runId = record.id().runId();
        Attributes item = new Attributes(
                        ItemKeys.shard(runId, record.shard()), record.id().stepKey())
                .put(STATE, record.state().name().name())
                .put(ATTEMPT, record.attempt())
                .put(OWNER, record.owner())
                .put(CANCEL_SEQ, record.cancelSeq())
                .put(BUDGET_FROM, record.attempts().budgetFrom())
                .put(PAGES, record.attempts().newest().pages())
                .put(CREATED_AT, record.createdAt())
                .put(STARTED_AT, record.attempts().newest().startedAt());
        settings(item, record.settings());
        String redrivenBy = record.answered().redrivenBy();
        if (redrivenBy != null) {
            item.put(REDRIVEN_BY, redrivenBy);
        }
        if (!record.history().isEmpty()) {
            item.put(
                    HISTORY,
                    AttributeValue.fromL(
                            record.history().stream().map(RecordItem::note).toList()));
        }
        state(item, record.state());
        if (record.state() instanceof StepState.Ended ended) {
            item.put(FINISHED_AT, ended.finishedAt())
                    .put(FEED_PK, ItemKeys.shard(runId, record.shard()))
                    .put(
                            FEED_SK,
                            FeedEntry.endedPosition(
                                    ended.finishedAt(), record.id().stepKey(), record.attempt()));
        }
        return item;
    }

    static StepRecord read(Map<String, AttributeValue> read) {
        Attributes item = new Attributes(read);
        String pk = item.text(PK);
        return new StepRecord(
                new StepId(ItemKeys.runId(pk), item.text(SK)),
                ItemKeys.shardOf(pk),
                settings(item),
                item.instant(CREATED_AT),
                new Attempts(
                        new Attempts.Newest(
                                item.integer(ATTEMPT),
                                item.text(OWNER),
                                item.instantOrNull(STARTED_AT),
                                item.integer(PAGES)),
                        item.integer(BUDGET_FROM),
                        history(item)),
                new StepRecord.AnsweredCalls(
                        item.number(CANCEL_SEQ), item.has(REDRIVEN_BY) ? item.text(REDRIVEN_BY) : null),
                state(item));
    }

    /** An entry of the feed index: of a record, which has a state, or of a page, which has none. */
    static FeedEntry feedEntry(Map<String, AttributeValue> read) {
        Attributes item = new Attributes(read);
        String position = item.text(FEED_SK);
        String stepKey = ItemKeys.stepKey(item.text(SK));
        if (!item.has(STATE)) {
            return new FeedEntry.PageWritten(
                    stepKey, FeedEntry.number(position, 1), FeedEntry.number(position, 0), FeedEntry.at(position));
        }
        return new FeedEntry.Ended(
                stepKey,
                FeedEntry.number(position, 0),
                StepState.Name.valueOf(item.text(STATE)),
                FeedEntry.at(position),
                item.integer(PAGES),
                item.has(RESULT) ? new Payload.Inline(CompactBytes.text(item.bytes(RESULT))) : null);
    }

    private static void settings(Attributes item, StepSettings settings) {
        item.put(DISPATCH_ID, settings.dispatchId())
                .put(INDEX, settings.index())
                .put(HANDLER, settings.handler())
                .put(MAX_ATTEMPTS, settings.retry().maxAttempts())
                .put(BACKOFF_BASE, settings.retry().base())
                .put(BACKOFF_CAP, settings.retry().cap())
                .put(TIMEOUT, settings.timeout());
        RetryRule rule = settings.retry().rule();
        names(item, RETRY_ON, rule.on());
        names(item, RETRY_NEVER, rule.never());
        item.put(FROM, settings.window().notBefore())
                .put(UNTIL, settings.window().deadline());
        TraceParent trace = settings.trace();
        if (trace != null) {
            item.put(
                    TRACE,
                    Attributes.ofBytes(HexFormat.of().parseHex(trace.text().replace("-", ""))));
        }
        SortedMap<String, String> spanTags = settings.origin().spanTags();
        if (!spanTags.isEmpty()) {
            Map<String, AttributeValue> tags = new LinkedHashMap<>();
            spanTags.forEach((name, value) -> tags.put(name, Attributes.ofText(value)));
            item.put(SPAN_TAGS, AttributeValue.fromM(tags));
        }
        Payload input = settings.input();
        if (input != null) {
            item.put(GIVEN_INPUT, GIVEN_INPUT_REFERENCE, input);
        }
    }

    private static StepSettings settings(Attributes item) {
        return new StepSettings(
                new Origin(item.text(DISPATCH_ID), item.integer(INDEX), trace(item), spanTags(item)),
                item.text(HANDLER),
                new RetryPolicy(
                        item.integer(MAX_ATTEMPTS),
                        item.duration(BACKOFF_BASE),
                        item.duration(BACKOFF_CAP),
                        new RetryRule(names(item, RETRY_ON), names(item, RETRY_NEVER))),
                item.duration(TIMEOUT),
                item.has(GIVEN_INPUT) || item.has(GIVEN_INPUT_REFERENCE)
                        ? item.payload(GIVEN_INPUT, GIVEN_INPUT_REFERENCE)
                        : null,
                new Window(item.instantOrNull(FROM), item.instantOrNull(UNTIL)));
    }

    /** Without the dashes, and as bytes: 26 of them. */
    private static @Nullable TraceParent trace(Attributes item) {
        if (!item.has(TRACE)) {
            return null;
        }
        String hex = HexFormat.of().formatHex(item.bytes(TRACE));
        return hex.length() == 52
                ? TraceParent.read(String.join(
                        "-", hex.substring(0, 2), hex.substring(2, 34), hex.substring(34, 50), hex.substring(50)))
                : null;
    }

    private static SortedMap<String, String> spanTags(Attributes item) {
        SortedMap<String, String> tags = new TreeMap<>();
        if (item.has(SPAN_TAGS)) {
            item.member(SPAN_TAGS).m().forEach((name, value) -> tags.put(name, value.s()));
        }
        return tags;
    }

    private static void names(Attributes item, String name, List<String> names) {
        if (!names.isEmpty()) {
            item.put(
                    name,
                    AttributeValue.fromL(names.stream().map(Attributes::ofText).toList()));
        }
    }

    private static List<String> names(Attributes item, String name) {
        return item.has(name)
                ? item.member(name).l().stream().map(AttributeValue::s).toList()
                : List.of();
    }

    private static AttributeValue note(FailedAttempt note) {
        return AttributeValue.fromM(Map.of(
                "n", Attributes.ofNumber(note.attempt()),
                "s", Attributes.ofNumber(note.startedAt().toEpochMilli()),
                "e", Attributes.ofNumber(note.endedAt().toEpochMilli()),
                "k", Attributes.ofText(note.cause().name()),
                "m", Attributes.ofText(note.message())));
    }

    private static List<FailedAttempt> history(Attributes item) {
        List<FailedAttempt> history = new ArrayList<>();
        if (item.has(HISTORY)) {
            for (AttributeValue value : item.member(HISTORY).l()) {
                Attributes note = new Attributes(value.m());
                history.add(new FailedAttempt(
                        note.integer("n"),
                        note.instant("s"),
                        note.instant("e"),
                        StepError.Kind.valueOf(note.text("k")),
                        note.text("m")));
            }
        }
        return history;
    }

    private static void state(Attributes item, StepState state) {
        switch (state) {
            case StepState.Running running -> {
                item.put(DEADLINE, running.deadline());
                if (running.cancelRequested()) {
                    item.put(CANCEL_REQUESTED, AttributeValue.fromBool(true));
                }
            }
            case StepState.Retrying retrying -> item.put(NOT_BEFORE, retrying.notBefore());
            case StepState.Succeeded succeeded -> item.put(RESULT, RESULT_REFERENCE, succeeded.result());
            case StepState.Failed failed -> error(item, failed.error());
            case StepState.Dead dead -> {
                error(item, dead.error());
                item.put(BURIED_AT, dead.deadLetteredAt());
            }
            case StepState.Cancelled _ -> {}
        }
    }

    private static StepState state(Attributes item) {
        return switch (StepState.Name.valueOf(item.text(STATE))) {
            case QUEUED, UNKNOWN -> throw new IllegalStateException("no record is QUEUED or UNKNOWN");
            case RUNNING -> new StepState.Running(item.instant(DEADLINE), item.has(CANCEL_REQUESTED));
            case RETRYING -> new StepState.Retrying(item.instant(NOT_BEFORE));
            case SUCCEEDED ->
                new StepState.Succeeded(item.payload(RESULT, RESULT_REFERENCE), item.instant(FINISHED_AT));
            case FAILED -> new StepState.Failed(error(item), item.instant(FINISHED_AT));
            case DEAD -> new StepState.Dead(error(item), item.instant(FINISHED_AT), item.instantOrNull(BURIED_AT));
            case CANCELLED -> new StepState.Cancelled(item.instant(FINISHED_AT));
        };
    }

    private static void error(Attributes item, StepError error) {
        item.put(ERROR_KIND, error.kind().name()).put(ERROR, error.message());
    }

    private static StepError error(Attributes item) {
        return new StepError(StepError.Kind.valueOf(item.text(ERROR_KIND)), item.text(ERROR));
    }
}
