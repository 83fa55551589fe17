package dev.stepstile.client;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What Stepstile would refuse is refused here, before anything is sent: each method returns its argument, or throws an
 * {@link IllegalArgumentException} whose one sentence names the argument and its limit. The limits are those of the wire
 * contract, and a test compares them with its table.
 */
final class Checked {
    static final int STEPS_PER_CALL = 10_000;
    static final int REQUEST_BYTES = 6_000_000;
    static final int INPUT_BYTES = 5 * 1024 * 1024;
    static final int SHARED_INPUTS = 8;
    static final int TAGS = 20;
    static final int TAG_LENGTH = 200;
    static final int KEY_BYTES = 512;
    static final int MAX_ATTEMPTS = 100;
    static final int TIMEOUT_SECONDS = 880;
    static final int RETRY_SECONDS = 43_200;
    static final int RETRY_NAMES = 10;
    static final int RETRY_NAME_LENGTH = 200;
    static final int LOOKUP_KEYS = 100;
    static final int CANCEL_KEYS = 1000;
    static final int REASON_LENGTH = 200;
    static final Duration NOT_BEFORE = Duration.ofDays(7);
    static final Duration DEADLINE = Duration.ofDays(14);
    static final int URL_LENGTH = 500;
    static final int NOTIFY_TAGS_BYTES = 1024;

    /** What the wire can carry; how far away an instant may be is a matter of Stepstile's clock. */
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59Z");

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._:~@+=-]{1,128}");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,128}");
    private static final Pattern PLAIN_KEY = Pattern.compile("[!-~&&[^#]]([ -~&&[^#]]{0,510}[!-~&&[^#]])?");
    private static final Pattern FAILURE = Pattern.compile("[0-9a-f]{12}");
    private static final Set<StepStatus> CANCELLED = Set.of(StepStatus.QUEUED, StepStatus.RUNNING, StepStatus.RETRYING);
    private static final Set<StepStatus> REDRIVEN = Set.of(StepStatus.FAILED, StepStatus.DEAD, StepStatus.CANCELLED);
    private static final int SHOWN = 100;

    private Checked() {}

    /** As a part of a path, {@code .} and {@code ..} would be resolved by a proxy, and make another call of it. */
    static String runId(String id) {
        if (id.equals(".") || id.equals("..")) {
            throw refused("runId", "not be . or ..", "is " + id);
        }
        return id("runId", id);
    }

    /** @param field what the sentence calls it: {@code dispatchId} */
    static String id(String field, String id) {
        if (!ID.matcher(id).matches()) {
            throw refused(field, "be 1 to 128 of A-Z a-z 0-9 . _ : ~ @ + = -", "is " + shown(id));
        }
        return id;
    }

    static @Nullable String idOrNull(String field, @Nullable String id) {
        return id == null ? null : id(field, id);
    }

    /** @param field what the sentence calls it: {@code handler} */
    static String name(String field, String name) {
        if (!NAME.matcher(name).matches()) {
            throw refused(field, "be 1 to 128 of A-Z a-z 0-9 . _ -", "is " + shown(name));
        }
        return name;
    }

    static String key(String key) {
        String fault = PLAIN_KEY.matcher(key).matches() ? null : keyFault(key);
        if (fault != null) {
            throw refused(
                    "key",
                    "be 1 to " + KEY_BYTES + " bytes of UTF-8 without #, control characters and blanks at its ends",
                    "is " + shown(key) + ": " + fault);
        }
        return key;
    }

    private static @Nullable String keyFault(String key) {
        if (key.isEmpty()) {
            return "it is empty";
        }
        int last = key.codePointBefore(key.length());
        if (isBlank(key.codePointAt(0)) || isBlank(last)) {
            return "a blank is at an end";
        }
        int wrong = key.codePoints().filter(Checked::isRefusedInKey).findFirst().orElse(-1);
        if (wrong >= 0) {
            return "it has U+%04X".formatted(wrong);
        }
        int bytes = key.getBytes(StandardCharsets.UTF_8).length;
        return bytes > KEY_BYTES ? "it has " + bytes + " bytes" : null;
    }

    private static boolean isBlank(int character) {
        return Character.isWhitespace(character) || Character.isSpaceChar(character) || character == 0xFEFF;
    }

    private static boolean isRefusedInKey(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL, Character.SURROGATE, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                true;
            default ->
                character == '#'
                        || (character & 0xFFFE) == 0xFFFE
                        || (character >= 0xFDD0 && character <= 0xFDEF)
                        || (character >= 0x202A && character <= 0x202E)
                        || (character >= 0x2066 && character <= 0x2069);
        };
    }

    static <T extends Collection<String>> T keys(T keys) {
        keys.forEach(Checked::key);
        return keys;
    }

    static @Nullable Integer maxAttempts(@Nullable Integer attempts) {
        if (attempts != null && (attempts < 1 || attempts > MAX_ATTEMPTS)) {
            throw refused("maxAttempts", "be from 1 to " + MAX_ATTEMPTS, "is " + attempts);
        }
        return attempts;
    }

    static @Nullable Duration timeout(@Nullable Duration timeout) {
        if (timeout != null
                && (!timeout.equals(timeout.truncatedTo(ChronoUnit.SECONDS))
                        || timeout.toSeconds() < 1
                        || timeout.toSeconds() > TIMEOUT_SECONDS)) {
            throw refused("timeout", "be whole seconds from 1 to " + TIMEOUT_SECONDS, "is " + timeout);
        }
        return timeout;
    }

    /** @param field what the sentence calls it: {@code cap} */
    static @Nullable Duration backoff(String field, @Nullable Duration pause) {
        if (pause != null && (pause.isNegative() || pause.compareTo(Duration.ofSeconds(RETRY_SECONDS)) > 0)) {
            throw refused(field, "be from 0 to " + RETRY_SECONDS + " seconds", "is " + pause);
        }
        return pause;
    }

    /**
     * @param field what the sentence calls it: {@code notBefore}
     * @param most after the call
     */
    static @Nullable Moment moment(String field, @Nullable Moment moment, Duration most) {
        return switch (moment) {
            case null -> null;
            case Moment.After(Duration delay) -> {
                if (delay.isNegative() || delay.compareTo(most) > 0) {
                    throw refused(
                            field, "be an instant, or from 0 to " + most.toSeconds() + " seconds ahead", "is " + delay);
                }
                yield moment;
            }
            case Moment.At(Instant at) -> {
                if (at.isBefore(Instant.EPOCH) || at.isAfter(LAST)) {
                    throw refused(field, "be an instant from 1970 to 9999, or a time ahead", "is " + at);
                }
                yield moment;
            }
        };
    }

    static URI webhook(URI url) {
        int length = url.toString().length();
        if (length > URL_LENGTH) {
            throw refused("url", "be 1 to " + URL_LENGTH + " characters", "has " + length);
        }
        if (url.getHost() == null || !Set.of("https", "http").contains(url.getScheme())) {
            throw refused("url", "begin with https:// and a host", "is " + shown(url.toString()));
        }
        return url;
    }

    /** @param field what the sentence calls it: {@code never} */
    static @Nullable List<String> failures(String field, @Nullable List<String> names) {
        if (names == null) {
            return null;
        }
        if (names.size() > RETRY_NAMES) {
            throw refused(field, "be at most " + RETRY_NAMES + " names", "are " + names.size());
        }
        if (names.isEmpty() && field.equals("on")) {
            throw refused(field, "be at least one name", "is none");
        }
        for (String name : names) {
            if (name.isEmpty() || name.length() > RETRY_NAME_LENGTH) {
                throw refused(field, "have names of 1 to " + RETRY_NAME_LENGTH + " characters", "has " + shown(name));
            }
        }
        return List.copyOf(names);
    }

    /** Those of Unicode, as the API counts them. */
    private static int characters(String text) {
        return text.codePointCount(0, text.length());
    }

    static Map<String, String> tags(Map<String, String> tags) {
        if (tags.size() > TAGS) {
            throw refused("tags", "be at most " + TAGS, "are " + tags.size());
        }
        tags.forEach((name, value) -> {
            if (characters(name) > TAG_LENGTH || characters(value) > TAG_LENGTH) {
                throw refused(
                        "tags",
                        "have names and values of at most " + TAG_LENGTH + " characters",
                        "have " + shown(name) + " with a longer one");
            }
        });
        return tags;
    }

    static JsonValue input(JsonValue input) {
        int bytes = bytes(input);
        if (bytes > INPUT_BYTES) {
            throw refused("input", "be at most " + INPUT_BYTES + " bytes of JSON", "is " + bytes);
        }
        return input;
    }

    static Map<String, JsonValue> sharedInputs(Map<String, JsonValue> inputs) {
        if (inputs.size() > SHARED_INPUTS) {
            throw refused("sharedInputs", "be at most " + SHARED_INPUTS, "are " + inputs.size());
        }
        inputs.keySet().forEach(name -> name("name of a sharedInput", name));
        long bytes = inputs.values().stream().mapToLong(Checked::bytes).sum();
        if (bytes > INPUT_BYTES) {
            throw refused("sharedInputs", "be at most " + INPUT_BYTES + " bytes of JSON together", "are " + bytes);
        }
        return inputs;
    }

    /** What a dispatch's parts must be together, which none of them can tell. */
    static void whole(Dispatch dispatch) {
        if (dispatch.steps().isEmpty()) {
            throw refused("steps", "be at least one", "are none");
        }
        if (dispatch.notifies() != null) {
            int bytes = bytes(JsonValue.of(dispatch.tags()));
            if (bytes > NOTIFY_TAGS_BYTES) {
                throw refused(
                        "tags", "be at most " + NOTIFY_TAGS_BYTES + " bytes of JSON beside a notify", "are " + bytes);
            }
        }
        Set<String> keys = HashSet.newHashSet(dispatch.steps().size());
        for (Step step : dispatch.steps()) {
            if (!keys.add(step.key())) {
                throw refused("key", "be of one step of a dispatch", "is " + shown(step.key()) + " of two");
            }
            if (step.settings().handler() == null && dispatch.defaults().handler() == null) {
                throw refused("handler", "be named by each step or by defaults", "is not, of " + shown(step.key()));
            }
            Set<String> tags = new HashSet<>(dispatch.tags().keySet());
            tags.addAll(step.tags().keySet());
            if (tags.size() > TAGS) {
                throw refused("tags", "be at most " + TAGS, "are " + tags.size() + " of " + shown(step.key()));
            }
        }
    }

    /** @param bytes of the step alone, or of what all steps have in common, as a string of JSON */
    static void fits(String field, int bytes, int room) {
        if (bytes > room) {
            throw refused(
                    field,
                    "fit into a request of " + REQUEST_BYTES + " bytes as a string of JSON",
                    "takes " + bytes + " of the " + room + " that are left for it");
        }
    }

    static Set<StepStatus> states(Set<StepStatus> states) {
        if (states.contains(StepStatus.UNRECOGNISED)) {
            throw refused("states", "be of those that the API knows", "have " + StepStatus.UNRECOGNISED);
        }
        return states;
    }

    static StepFilter redriven(StepFilter filter) {
        if (!REDRIVEN.containsAll(filter.states())) {
            throw refused("states", "be FAILED, DEAD or CANCELLED", "are " + new TreeSet<>(filter.states()));
        }
        return filter;
    }

    /** What a cancel of steps names. */
    static void cancelled(Collection<String> keys, StepFilter filter) {
        if (keys.isEmpty() && filter.equals(StepFilter.ALL)) {
            throw refused("keys", "be at least one where no filter is given", "are none: cancel(runId) is for the run");
        }
        if (keys(keys).size() > CANCEL_KEYS) {
            throw refused("keys", "be at most " + CANCEL_KEYS, "are " + keys.size());
        }
        if (!CANCELLED.containsAll(filter.states())) {
            throw refused("states", "be QUEUED, RUNNING or RETRYING", "are " + new TreeSet<>(filter.states()));
        }
    }

    /** What a step key can begin with: it may end with a blank. */
    static void prefix(@Nullable String prefix) {
        String fault = prefix == null ? null : keyFault(prefix);
        if (prefix != null && fault != null && (prefix.isEmpty() || keyFault(prefix + "x") != null)) {
            throw refused(
                    "prefix",
                    "be 1 to " + KEY_BYTES
                            + " bytes of UTF-8 without #, control characters and a blank at its beginning",
                    "is " + shown(prefix) + ": " + fault);
        }
    }

    static void tag(StepFilter.@Nullable Tag tag) {
        if (tag != null && (tag.name().length() > TAG_LENGTH || tag.value().length() > TAG_LENGTH)) {
            throw refused(
                    "tag",
                    "have a name and a value of at most " + TAG_LENGTH + " characters",
                    "has " + shown(tag.name()) + " with a longer one");
        }
    }

    static String tagName(String name) {
        if (name.indexOf('=') >= 0) {
            throw refused("tag", "have a name without = in a call that reads", "has " + shown(name));
        }
        return name;
    }

    static void failure(@Nullable String failure) {
        if (failure != null && !FAILURE.matcher(failure).matches()) {
            throw refused("failure", "be the id of a group of failures, 12 of 0-9 a-f", "is " + shown(failure));
        }
    }

    static void ordered(@Nullable Instant since, @Nullable Instant until) {
        if (since != null && until != null && !since.isBefore(until)) {
            throw refused("since", "be before until", "is " + since + " with until " + until);
        }
    }

    static IllegalArgumentException unknownScope(String name) {
        return refused("scope", "be a run, a handler or everything", "is " + shown(name));
    }

    static String reason(String reason) {
        int length = reason.codePointCount(0, reason.length());
        if (length > REASON_LENGTH) {
            throw refused("reason", "be at most " + REASON_LENGTH + " characters", "has " + length);
        }
        return reason;
    }

    static int attempt(int attempt) {
        if (attempt < 1) {
            throw refused("attempt", "be at least 1", "is " + attempt);
        }
        return attempt;
    }

    private static int bytes(JsonValue json) {
        return json.text().getBytes(StandardCharsets.UTF_8).length;
    }

    private static IllegalArgumentException refused(String field, String limit, String fact) {
        return new IllegalArgumentException(field + " must " + limit + ", and " + fact + ".");
    }

    /** Begins and ends visibly, and no character of it does anything to a line. */
    private static String shown(String text) {
        StringBuilder shown = new StringBuilder("\"");
        text.chars().limit(SHOWN).forEach(c -> {
            if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
                shown.append((char) c);
            } else {
                shown.append("\\u%04x".formatted(c));
            }
        });
        return shown.append(text.length() > SHOWN ? "…\"" : "\"").toString();
    }
}
