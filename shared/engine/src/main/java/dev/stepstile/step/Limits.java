package dev.stepstile.step;

import java.time.Duration;
import java.util.regex.Pattern;

/** Limits on everything, each with its reason. The README and docs/protocol.md repeat them for callers. */
public final class Limits {
    /** A dispatch's steps: its bitmap and counts stay within 2 KB, and a call within its 30 s. */
    public static final int STEPS_PER_DISPATCH = 10_000;

    /** A request's body, as a string of JSON: Lambda's 6 MiB for an event, less what else an event has. */
    public static final int REQUEST_BYTES = 6_000_000;

    /** An answer's body, as a string of JSON: Lambda's 6 MiB for an answer, less what else an answer has. */
    public static final int ANSWER_BYTES = 6_000_000;

    /** One step's input, and all shared inputs together: what a request can carry. */
    public static final int INPUT_BYTES = 5 * 1024 * 1024;

    /** A step's result as JSON. A worker holds ten at once. */
    public static final int RESULT_BYTES = 10 * 1024 * 1024;

    /** Shared inputs of a dispatch: each costs its name and reference in every message. */
    public static final int SHARED_INPUTS = 8;

    /** Tags of a step, and the length of a tag's name and value. */
    public static final int TAGS = 20;

    public static final int TAG_LENGTH = 200;

    /** What fits inline in a record of 1 KB, so that a step's record costs one write unit. Bytes after compression. */
    public static final int INLINE_BYTES = 512;

    /** Inline JSON before compression: it also travels in the message. */
    public static final int INLINE_RAW_BYTES = 4 * 1024;

    /** What all steps of a dispatch share may travel with each of their messages up to this size… */
    public static final int SHARED_INLINE_BYTES = 256;

    /** … or up to this one for all messages together; else it is stored once, and named. */
    public static final int SHARED_INLINE_BYTES_OF_ALL = 256 * 1024;

    /** Beyond it a payload goes to the payload store: an item's write units cost more than a PUT from about here. */
    public static final int ITEM_BYTES = 16 * 1024;

    /** Entries of one answer: steps, feed entries. */
    public static final int PAGE = 1_000;

    /** Runs of one answer: for each, the run and all of its dispatches are read. */
    public static final int RUNS_PAGE = 100;

    /** Keys of one lookup: one BatchGetItem. */
    public static final int LOOKUP_KEYS = 100;

    /** Keys of one call that cancels steps. */
    public static final int CANCEL_KEYS = 1_000;

    /** What an attempt's log holds; of more, the first and the last lines, and how much was between them. */
    public static final int LOG_BYTES = 256 * 1024;

    /** Of {@link #LOG_BYTES}, what is kept for the last lines. */
    public static final int LOG_ENDING_BYTES = 16 * 1024;

    /** Attempts a dispatch may ask for. */
    public static final int MAX_ATTEMPTS = 100;

    /** The longest a step may run: Lambda's 15 minutes, less what the worker needs to record the end. */
    public static final Duration TIMEOUT = Duration.ofSeconds(880);

    /** The longest backoff and retry delay: SQS's longest visibility timeout. */
    public static final Duration RETRY_DELAY = Duration.ofHours(12);

    /** How far away the first attempt may be: half of the time for which a step may be started. */
    public static final Duration NOT_BEFORE = Duration.ofDays(7);

    /** A webhook's URL: it is in the item of the dispatch, which each sweep that finds something writes. */
    public static final int WEBHOOK_URL_LENGTH = 500;

    /** Tags of {@code defaults} beside {@code notify}, as JSON: they are in the item of the dispatch too. */
    public static final int NOTIFY_TAGS_BYTES = 1024;
    /** How far away a deadline may be: as long as a step may be started. */
    public static final Duration DEADLINE = Duration.ofDays(14);

    /** What is said of why something is paused: it is read with every pause. */
    public static final int REASON_LENGTH = 200;

    /** Pauses that last at once: every worker reads all of them. */
    public static final int PAUSES = 100;

    /** For how long the end of a pause is kept: a sweep that comes later finds its steps by its other rules. */
    public static final Duration PAUSE_KEPT = Duration.ofDays(2);

    private static final Pattern RUN_ID = Pattern.compile("[A-Za-z0-9._:~@+=-]{1,128}");
    private static final Pattern DISPATCH_ID = Pattern.compile("[A-Za-z0-9._:~@+=-]{1,128}");
    private static final Pattern HANDLER = Pattern.compile("[A-Za-z0-9._-]{1,128}");

    private Limits() {}

    /** Not {@code .} or {@code ..}: as a part of a path, browsers and proxies resolve these, and make another call of it. */
    public static boolean isRunId(String text) {
        return isRunIdOfAnyVersion(text) && !text.equals(".") && !text.equals("..");
    }

    /** Also {@code .} and {@code ..}, which once were accepted, and which what is stored and sent may have. */
    public static boolean isRunIdOfAnyVersion(String text) {
        return RUN_ID.matcher(text).matches();
    }

    /** A run's default tenant is its id. SQS takes more characters in a message group, and as many. */
    public static boolean isTenant(String text) {
        return RUN_ID.matcher(text).matches();
    }

    public static boolean isDispatchId(String text) {
        return DISPATCH_ID.matcher(text).matches();
    }

    public static boolean isStepKey(String text) {
        return StepKeys.fault(text) == null;
    }

    public static boolean isHandlerName(String text) {
        return HANDLER.matcher(text).matches();
    }
}
